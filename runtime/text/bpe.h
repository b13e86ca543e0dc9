// Byte-level BPE (tokenizer.ggml.model "gpt2"): words by a pre-tokenizer, then merges by rank.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/fragment_tokenizer.h"
#include "text/merge_table.h"
#include "text/pretokenizer.h"
#include "text/token_index.h"

namespace alv::text {

class BpeTokenizer final : public FragmentTokenizer {
  public:
    // The vocabulary is checked and its types are settled (Tokenizer::create). Errors: unsupported
    // pre-tokenizer (by name), corrupt file (merges, duplicate tokens).
    static Result<std::unique_ptr<const Tokenizer>> create(Vocabulary vocabulary);

  protected:
    Status encode_text(std::string_view text, bool after_special,
                       std::vector<TokenId>& out) const override;
    std::string decode_text(TokenId token) const override;

  private:
    struct Scratch;

    explicit BpeTokenizer(Vocabulary vocabulary) : FragmentTokenizer(std::move(vocabulary)) {}
    Status init_merges();
    bool is_control(TokenId token) const;
    TokenId find_word(std::string_view word, Scratch& scratch) const;
    void merge_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const;
    void add_candidate(Scratch& scratch, int32_t left) const;

    Pretokenizer pretokenizer_;
    TokenIndex index_;
    MergeTable merges_;
    std::array<TokenId, 256> byte_tokens_{};
    size_t longest_token_bytes_ = 0;
};

}  // namespace alv::text
