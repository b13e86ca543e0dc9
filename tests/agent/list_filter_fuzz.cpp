// libFuzzer: the first line is a list of words, the second one a pattern, the rest a text. However
// the text is cut into pieces the same comes out, and none of it comes out that is not in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/list_filter.h"
#include "base/utf8.h"
#include "text/fold.h"

namespace {

using namespace alv;
using namespace alv::agent;

void require(bool holds) {
    if (!holds) std::abort();
}

FoldedText fold(std::string_view text) {
    text::Folded folded = text::fold(text);
    require(folded.origin.size() == folded.text.size() + 1);
    require(folded.origin.back() == text.size());
    for (size_t i = 1; i < folded.origin.size(); ++i) {
        require(folded.origin[i - 1] <= folded.origin[i]);
    }
    return {std::move(folded.text), std::move(folded.origin), std::move(folded.origin_end),
            folded.settled};
}

std::string line_of(std::string& rest) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string line = rest.substr(0, end);
    rest.erase(0, std::min(end + 1, rest.size()));
    return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    uint32_t cut = data[0];
    ListFilterOptions options;
    options.parts_of_words = (data[1] & 1) != 0;
    options.stop = (data[1] & 2) != 0;
    options.replacement = (data[1] & 4) != 0 ? "*" : "";
    options.fold = fold;
    std::string rest = utf8::replace_invalid(
        std::string_view(reinterpret_cast<const char*>(data), size).substr(2));
    std::string words = line_of(rest);
    while (!words.empty()) {
        const size_t end = std::min(words.find(','), words.size());
        if (end > 0) options.words.push_back(words.substr(0, end));
        words.erase(0, std::min(end + 1, words.size()));
    }
    const std::string pattern = line_of(rest);
    // Verbs steer how a text is searched, and so depend on its pieces.
    if (pattern.find("(*") != pattern.npos) return 0;
    if (!pattern.empty()) options.patterns.push_back(pattern);
    const auto filter = make_list_filter(std::move(options));
    if (!filter.ok()) return 0;

    const auto whole = run_filters({*filter}, rest);
    FilterStream stream({*filter});
    std::string out;
    for (size_t i = 0; i < rest.size() && !stream.stopped();) {
        size_t n = utf8::next(rest, i).size;
        for (cut = cut * 1'103'515'245 + 12'345; (cut >> 16) % 4 != 0 && i + n < rest.size();
             cut = cut * 1'103'515'245 + 12'345) {
            n += utf8::next(rest, i + n).size;
        }
        auto piece = stream.put(std::string_view(rest).substr(i, n));
        if (!piece.ok()) return 0;  // the pattern works too long
        require(utf8::is_valid(*piece));
        out += *piece;
        i += n;
    }
    if (!stream.stopped()) {
        const auto last = stream.finish();
        if (!last.ok()) return 0;
        out += *last;
    }
    if (!whole.ok()) return 0;
    require(stream.stopped() == whole->stopped);
    // What was said before a stop may be shown, in pieces more of it than at once: never less.
    if (whole->stopped) {
        require(out.ends_with(whole->text));
    } else {
        require(out == whole->text);
    }
    return 0;
}
