#include "knowledge/splitter.h"

#include <algorithm>
#include <span>

#include "base/utf8.h"

namespace alv::knowledge {
namespace {

// What Python's str.isspace() holds for white.
bool is_space(char32_t c) {
    if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// The parts of `text`; a separator begins the part that follows it. "" cuts every character off.
std::vector<std::string_view> cut(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    if (separator.empty()) {
        for (size_t at = 0; at < text.size();) {
            const uint32_t size = utf8::next(text, at).size;
            parts.push_back(text.substr(at, size));
            at += size;
        }
        return parts;
    }
    size_t begin = 0;
    size_t search = 0;
    while (true) {
        const size_t found = text.find(separator, search);
        if (found == std::string_view::npos) break;
        if (found != begin) parts.push_back(text.substr(begin, found - begin));
        begin = found;
        search = found + separator.size();
    }
    if (begin < text.size()) parts.push_back(text.substr(begin));
    return parts;
}

struct Piece {
    std::string_view text;  // of the whole text: neighbours lie side by side
    uint32_t length = 0;
};

class Splitter {
  public:
    Splitter(const SplitOptions& options, const Measure& measure)
        : options_(options), measure_(measure) {}

    Status split(std::string_view text, std::span<const std::string> separators) {
        std::string_view separator = separators.back();
        std::span<const std::string> finer;
        for (size_t i = 0; i < separators.size(); ++i) {
            const bool here = separators[i].empty() || text.find(separators[i]) != text.npos;
            if (!here) continue;
            separator = separators[i];
            if (!separators[i].empty()) finer = separators.subspan(i + 1);
            break;
        }
        std::vector<Piece> good;
        for (const std::string_view part : cut(text, separator)) {
            ALV_ASSIGN_OR_RETURN(const uint32_t length, measure_(part));
            if (length < options_.chunk_size) {
                good.push_back({part, length});
                continue;
            }
            merge(good);
            good.clear();
            if (finer.empty()) {
                chunks_.emplace_back(part);
            } else {
                ALV_RETURN_IF_ERROR(split(part, finer));
            }
        }
        merge(good);
        return ok_status();
    }
    std::vector<std::string> take() { return std::move(chunks_); }

  private:
    // Packs small pieces into chunks; each begins with the end of the one before it.
    void merge(const std::vector<Piece>& pieces) {
        const uint64_t size = options_.chunk_size;
        size_t first = 0;
        uint64_t total = 0;
        for (size_t i = 0; i < pieces.size(); ++i) {
            const uint64_t length = pieces[i].length;
            if (total + length > size && first < i) {
                add(pieces, first, i);
                while (total > options_.chunk_overlap || (total + length > size && total > 0)) {
                    total -= pieces[first++].length;
                }
            }
            total += length;
        }
        add(pieces, first, pieces.size());
    }
    void add(const std::vector<Piece>& pieces, size_t begin, size_t end) {
        if (begin == end) return;
        const char* from = pieces[begin].text.data();
        const char* to = pieces[end - 1].text.data() + pieces[end - 1].text.size();
        const std::string_view text = strip({from, static_cast<size_t>(to - from)});
        if (!text.empty()) chunks_.emplace_back(text);
    }

    const SplitOptions& options_;
    const Measure& measure_;
    std::vector<std::string> chunks_;
};

}  // namespace

Result<uint32_t> count_characters(std::string_view text) {
    const auto n = std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    return static_cast<uint32_t>(std::min<int64_t>(n, UINT32_MAX));
}

std::string_view strip(std::string_view text) {
    while (!text.empty()) {
        const utf8::CodePoint c = utf8::next(text, 0);
        if (!is_space(c.code_point)) break;
        text.remove_prefix(c.size);
    }
    while (!text.empty()) {
        size_t begin = text.size() - 1;
        while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
        if (!is_space(utf8::next(text, begin).code_point)) break;
        text.remove_suffix(text.size() - begin);
    }
    return text;
}

Result<std::vector<std::string>> split_text(std::string_view text, const SplitOptions& options,
                                            const Measure& measure) {
    if (options.chunk_size == 0) return invalid_argument("the chunk size is 0");
    if (options.chunk_overlap > options.chunk_size) {
        return invalid_argument("the overlap of chunks (" + std::to_string(options.chunk_overlap) +
                                ") is more than their size (" + std::to_string(options.chunk_size) +
                                ")");
    }
    if (options.separators.empty()) return invalid_argument("there is no separator to split at");
    if (options.separators.size() > 32) return limit_exceeded("there are more than 32 separators");
    if (!utf8::is_valid(text)) return invalid_argument("the text is not UTF-8");
    Splitter splitter(options, measure);
    ALV_RETURN_IF_ERROR(splitter.split(text, options.separators));
    return splitter.take();
}

}  // namespace alv::knowledge
