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
    std::vector<uint32_t> origin;  // text.size() + 1 places in the source
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

// Bytes of a match; longer ones may be missed where they begin.
constexpr size_t kMaxFilterHold = 4096;

// Invalid argument: nothing to look for, an empty word, a pattern that does not compile or that
// matches the empty text.
Result<std::shared_ptr<Filter>> make_list_filter(ListFilterOptions options);

}  // namespace alv::agent
