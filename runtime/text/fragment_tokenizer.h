// What all tokenizers share: special tokens are cut out first, with the provenance of the parts.
#pragma once

#include <optional>

#include "text/special.h"
#include "text/tokenizer.h"

namespace alv::text {

class FragmentTokenizer : public Tokenizer {
  public:
    Status encode(std::span<const TextPart> parts, std::vector<TokenId>& out) const final;
    std::string decode(TokenId token, bool render_special) const final;

  protected:
    explicit FragmentTokenizer(Vocabulary vocabulary) : Tokenizer(std::move(vocabulary)) {}
    Status init_special();  // before the first encode

    // A run of text without special tokens; `after_special`: at the start, or behind one.
    virtual Status encode_text(std::string_view text, bool after_special,
                               std::vector<TokenId>& out) const = 0;
    // The bytes of a token that is not special.
    virtual std::string decode_text(TokenId token) const = 0;

  private:
    std::optional<SpecialSplitter> special_;
};

}  // namespace alv::text
