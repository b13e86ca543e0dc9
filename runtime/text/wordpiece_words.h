// BERT's basic tokenizer: a text to words.
#pragma once

#include <string>
#include <string_view>

namespace alv::text::wordpiece {

// Hands out one word after another. Control characters are dropped, a punctuation mark or an
// ideograph is a word of its own, blanks end words; where `fold`, words come decomposed, without
// accents, in lower case (Devlin et al. 2019; the tables say it code point by code point).
class WordReader {
  public:
    // `text` is UTF-8 and outlives the reader.
    WordReader(std::string_view text, bool fold) : text_(text), fold_(fold) {}
    // False at the end.
    bool next(std::string& word);

  private:
    void read_character();

    std::string_view text_;
    bool fold_;
    size_t at_ = 0;
    std::u32string pending_;  // code points of one character, U+0020 where a word ends
    size_t pending_at_ = 0;
};

}  // namespace alv::text::wordpiece
