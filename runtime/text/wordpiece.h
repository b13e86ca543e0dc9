// WordPiece (tokenizer.ggml.model "bert"): words of BERT's basic tokenizer, each cut greedily into
// the longest pieces of the vocabulary.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/fragment_tokenizer.h"
#include "text/token_index.h"

namespace alv::text {

// The vocabulary is llama.cpp's for bert models: a piece that begins a word has U+2581 before it,
// one that goes on with a word ("##ing" in vocab.txt) stands bare, special tokens as they are.
class WordPieceTokenizer final : public FragmentTokenizer {
  public:
    // The vocabulary is checked and its types are settled (Tokenizer::create).
    static Result<std::unique_ptr<const Tokenizer>> create(Vocabulary vocabulary);

  protected:
    Status encode_text(std::string_view text, bool after_special,
                       std::vector<TokenId>& out) const override;
    std::string decode_text(TokenId token) const override;

  private:
    explicit WordPieceTokenizer(Vocabulary vocabulary);
    void encode_word(const std::string& word, std::vector<TokenId>& out) const;
    TokenId find(const std::string& piece) const;

    TokenIndex index_;
    size_t longest_ = 0;  // bytes of the longest piece
};

}  // namespace alv::text
