// SPM (tokenizer.ggml.model "llama"): merges by score, through the sentencepiece library.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/fragment_tokenizer.h"

namespace alv::text {

class SpmTokenizer final : public FragmentTokenizer {
  public:
    // The vocabulary is checked and its types are settled (Tokenizer::create).
    static Result<std::unique_ptr<const Tokenizer>> create(Vocabulary vocabulary);
    ~SpmTokenizer() override;

  protected:
    Status encode_text(std::string_view text, bool after_special,
                       std::vector<TokenId>& out) const override;
    std::string decode_text(TokenId token) const override;

  private:
    struct Model;  // sentencepiece's objects

    explicit SpmTokenizer(Vocabulary vocabulary);
    Status init_bytes();
    Status init_model();
    void encode_chunk(std::string_view normalized, std::vector<TokenId>& out) const;
    void append_bytes(std::string_view bytes, std::vector<TokenId>& out) const;

    std::unique_ptr<Model> model_;
    std::array<TokenId, 256> byte_tokens_{};
    bool words_are_separate_ = true;  // no piece goes on past the start of the next word
};

}  // namespace alv::text
