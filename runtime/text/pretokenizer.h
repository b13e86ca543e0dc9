// Cuts text into the words that BPE merges within: regular expressions by tokenizer.ggml.pre.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace alv::text {

// A row of the table of pre-tokenizers (pretokenizer_table.cpp).
struct PretokenizerRow {
    std::span<const std::string_view> names;
    // Applied one after another: what an expression matches, and what lies between matches, are
    // pieces that the next one cuts further.
    std::span<const std::string_view> patterns;
    bool ignores_merges = false;  // a word that is a token is that token
    bool adds_bos = false;        // where the file does not say
};

// Null: no such pre-tokenizer. "" is "default".
const PretokenizerRow* find_pretokenizer(std::string_view name);

// Immutable, thread-safe.
class Pretokenizer {
  public:
    Pretokenizer();
    ~Pretokenizer();
    Pretokenizer(Pretokenizer&&) noexcept;
    Pretokenizer& operator=(Pretokenizer&&) noexcept;

    // Refuses an unknown name (unsupported).
    static Result<Pretokenizer> create(std::string_view name);

    // Appends the words, which together are the text. The text is valid UTF-8. Errors: limit
    // exceeded (a text made to exhaust the expressions).
    Status split(std::string_view text, std::vector<std::string_view>& words) const;

    bool ignores_merges() const { return row_ != nullptr && row_->ignores_merges; }

  private:
    class Pattern;

    const PretokenizerRow* row_ = nullptr;
    std::vector<Pattern> patterns_;
};

}  // namespace alv::text
