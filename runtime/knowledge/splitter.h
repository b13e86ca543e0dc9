// Cuts a text into chunks at the best places there are: paragraphs, else lines, words, characters.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace alv::knowledge {

// How long a text is, in characters or tokens.
using Measure = std::function<Result<uint32_t>(std::string_view)>;

// Unicode code points; anything longer than 2^32-1 counts as that.
Result<uint32_t> count_characters(std::string_view text);

// LangChain's RecursiveCharacterTextSplitter: the same chunks for the same numbers.
struct SplitOptions {
    uint32_t chunk_size = 800;  // of the measure, at least 1
    uint32_t chunk_overlap = 100;
    std::vector<std::string> separators = {"\n\n", "\n", " ", ""};  // best first
};

// `text` is UTF-8. A piece that no separator cuts is left as it is, however long.
Result<std::vector<std::string>> split_text(std::string_view text, const SplitOptions& options,
                                            const Measure& measure);

// Without Unicode white space at both ends.
std::string_view strip(std::string_view text);

}  // namespace alv::knowledge
