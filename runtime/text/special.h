// Cuts text at special tokens before anything else looks at it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace alv::text {

// A special token, or (token == kNoToken) a run of plain text.
struct Fragment {
    TokenId token = kNoToken;
    std::string_view text;
};

// Bytes [begin, end) of the text.
struct TextRange {
    size_t begin = 0;
    size_t end = 0;
};

// The longest special token at each place wins, left to right. Control tokens are found only inside
// one trusted range; user-defined tokens (runs of spaces or newlines, HTML tags) everywhere.
// Immutable, thread-safe; refers to the vocabulary's strings.
class SpecialSplitter {
  public:
    // Errors: corrupt file (duplicates, not UTF-8), unsupported (too long).
    static Result<SpecialSplitter> create(const Vocabulary& vocabulary);

    // `trusted` is sorted and its ranges do not touch. Fragments point into `text`.
    void split(std::string_view text, std::span<const TextRange> trusted,
               std::vector<Fragment>& out) const;

  private:
    struct Entry {
        std::string_view text;
        TokenId token = kNoToken;
        bool trusted_only = false;
    };
    // The longest entry at text[at..] of which control tokens end by `trusted_end`; null if none.
    const Entry* match(std::string_view text, size_t at, size_t trusted_end) const;

    std::vector<Entry> entries_;            // sorted by text
    std::array<uint32_t, 257> by_first_{};  // entries that start with byte b: [b], [b + 1]
};

}  // namespace alv::text
