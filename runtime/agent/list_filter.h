// A filter made of words and regular expressions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/filter.h"

namespace alv::agent {

// A text as it is compared: see text/fold.h, which this layer does not know.
struct FoldedText {
    std::string text;
    std::vector<uint32_t> origin;      // text.size() + 1 places in the source
    std::vector<uint32_t> origin_end;  // of each byte, too
    size_t settled = 0;                // so much of the text stays when the source goes on
};
using Fold = std::function<FoldedText(std::string_view)>;

struct ListFilterOptions {
    std::vector<std::string> words;     // whole words or phrases, compared as folded
    std::vector<std::string> patterns;  // PCRE2, matched against the folded text
    bool parts_of_words = false;        // words are found inside of longer ones, too
    bool stop = false;                  // else replace
    std::string replacement;
    Fold fold;
};

// Bytes of a match in a stream: of a longer one the beginning may be shown. A whole text has no
// such limit.
constexpr size_t kMaxFilterHold = 4096;

// Invalid argument: nothing to look for, an empty word, a pattern that does not compile, that
// matches the empty text, or whose meaning depends on where a piece of the text begins (\G, \K, \C,
// a look back over more than 64 characters).
Result<std::shared_ptr<Filter>> make_list_filter(ListFilterOptions options);

}  // namespace alv::agent
