#include "agent/list_filter.h"

#include <pcre2.h>

#include <algorithm>

namespace alv::agent {
namespace {

struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// A pattern gets so much work for one look; a hostile text cannot make it take longer.
constexpr uint32_t kMatchLimit = 1'000'000;
constexpr uint32_t kDepthLimit = 10'000;
constexpr uint32_t kHeapLimitKib = 16'384;

PCRE2_SPTR units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
}

// The word as a pattern; where it has a blank the text may have any.
std::string quoted(std::string_view word) {
    std::string out;
    for (const char c : word) {
        if (c == ' ') {
            if (!out.ends_with("\\s+")) out += "\\s+";
            continue;
        }
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
        if (!plain) out += '\\';
        out += c;
    }
    return out;
}

struct Found {
    bool is_match = false;  // else only the beginning of one, perhaps
    size_t begin = 0;
    size_t end = 0;
};

class Pattern {
  public:
    static Result<Pattern> compile(const std::string& text) {
        int code = 0;
        PCRE2_SIZE at = 0;
        Pattern out;
        out.code_.reset(
            pcre2_compile(units(text), text.size(), PCRE2_UTF | PCRE2_UCP, &code, &at, nullptr));
        if (!out.code_) {
            PCRE2_UCHAR message[128] = {};
            pcre2_get_error_message(code, message, sizeof message);
            return invalid_argument("the pattern does not compile at byte " + std::to_string(at) +
                                    ": " + reinterpret_cast<const char*>(message));
        }
        uint32_t matches_empty = 0;
        pcre2_pattern_info(out.code_.get(), PCRE2_INFO_MATCHEMPTY, &matches_empty);
        if (matches_empty) return invalid_argument("the pattern matches the empty text");
        return out;
    }
    // The first match, or beginning of one, from `start` on.
    Result<bool> find(std::string_view subject, size_t start, bool last, Found& out) const {
        const Owned<pcre2_match_data> data(pcre2_match_data_create(1, nullptr));
        const Owned<pcre2_match_context> context(pcre2_match_context_create(nullptr));
        if (!data || !context) return out_of_host_memory("no memory for a filter: free some");
        pcre2_set_match_limit(context.get(), kMatchLimit);
        pcre2_set_depth_limit(context.get(), kDepthLimit);
        pcre2_set_heap_limit(context.get(), kHeapLimitKib);
        const uint32_t options = PCRE2_NOTEMPTY | (last ? 0u : uint32_t{PCRE2_PARTIAL_HARD});
        const int rc = pcre2_match(code_.get(), units(subject), subject.size(), start, options,
                                   data.get(), context.get());
        if (rc == PCRE2_ERROR_NOMATCH) return false;
        if (rc < 0 && rc != PCRE2_ERROR_PARTIAL) {
            return limit_exceeded(
                "a filter's pattern takes too long for this text: make it simpler");
        }
        const PCRE2_SIZE* found = pcre2_get_ovector_pointer(data.get());
        out = {rc >= 0, std::max<size_t>(found[0], start), std::max<size_t>(found[1], start)};
        return true;
    }

  private:
    Owned<pcre2_code> code_;
};

class ListFilter : public Filter {
  public:
    ListFilter(ListFilterOptions options, std::vector<Pattern> patterns)
        : options_(std::move(options)), patterns_(std::move(patterns)) {}

    Result<Verdict> look(const FilterView& view) override {
        std::string source(view.before);
        source += view.window;
        const FoldedText folded = options_.fold(source);
        const size_t start = static_cast<size_t>(
            std::lower_bound(folded.origin.begin(), folded.origin.end(), view.before.size()) -
            folded.origin.begin());
        Found first;
        ALV_ASSIGN_OR_RETURN(const bool found, find(folded.text, start, view.last, first));
        if (!found || !first.is_match) {
            size_t open = found ? first.begin : folded.text.size();
            if (!view.last) ALV_RETURN_IF_ERROR(look_before_the_end(folded.text, start, open));
            return held(view, folded.origin[open]);
        }
        Verdict verdict;
        verdict.kind = options_.stop ? Verdict::Kind::kStop : Verdict::Kind::kReplace;
        verdict.begin = folded.origin[first.begin] - view.before.size();
        // One character of the source may be several of the folded text.
        size_t end = first.end;
        while (folded.origin[end] == folded.origin[first.end - 1]) ++end;
        verdict.end = folded.origin[end] - view.before.size();
        verdict.text = options_.replacement;
        return verdict;
    }

  private:
    // The first match of any pattern, or beginning of one.
    Result<bool> find(std::string_view text, size_t start, bool last, Found& out) const {
        bool found = false;
        for (const Pattern& pattern : patterns_) {
            Found here;
            ALV_ASSIGN_OR_RETURN(const bool any,
                                 pattern.find(text, std::min(start, text.size()), last, here));
            if (!any || (found && here.begin > out.begin)) continue;
            if (found && here.begin == out.begin && !here.is_match) continue;
            found = true;
            out = here;
        }
        return found;
    }
    // The last character may go on with an accent: what begins before it may then go on, too.
    Status look_before_the_end(std::string_view text, size_t start, size_t& open) const {
        size_t tail = text.size();
        while (tail > start) {
            --tail;
            if ((static_cast<unsigned char>(text[tail]) & 0xC0) != 0x80) break;
        }
        open = std::min(open, std::max(tail, start));
        Found before;
        ALV_ASSIGN_OR_RETURN(const bool found, find(text.substr(0, tail), start, false, before));
        if (found && !before.is_match) open = std::min(open, before.begin);
        return ok_status();
    }
    static Verdict held(const FilterView& view, size_t open_in_source) {
        const size_t open = std::max(open_in_source, view.before.size()) - view.before.size();
        Verdict verdict;
        verdict.hold = std::min(view.window.size() - open, kMaxFilterHold);
        return verdict;
    }

    const ListFilterOptions options_;
    const std::vector<Pattern> patterns_;
};

}  // namespace

Result<std::shared_ptr<Filter>> make_list_filter(ListFilterOptions options) {
    if (options.words.empty() && options.patterns.empty()) {
        return invalid_argument("the filter has nothing to look for: give it words or patterns");
    }
    std::vector<Pattern> patterns;
    std::string words;
    // Longer ones first, so that a phrase wins over the word that it begins with.
    std::vector<std::string> folded;
    for (const std::string& word : options.words) folded.push_back(options.fold(word).text);
    std::sort(folded.begin(), folded.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const std::string& word : folded) {
        if (word.find_first_not_of(" \t\r\n") == word.npos) {
            return invalid_argument("a word of the filter is empty");
        }
        words += (words.empty() ? "" : "|") + quoted(word);
    }
    if (!words.empty()) {
        const std::string whole =
            options.parts_of_words ? "(?:" + words + ")"
                                   : "(?<![\\p{L}\\p{N}])(?:" + words + ")(?![\\p{L}\\p{M}\\p{N}])";
        ALV_ASSIGN_OR_RETURN(Pattern pattern, Pattern::compile(whole));
        patterns.push_back(std::move(pattern));
    }
    for (size_t i = 0; i < options.patterns.size(); ++i) {
        Result<Pattern> pattern = Pattern::compile(options.patterns[i]);
        if (!pattern.ok()) {
            Status status = pattern.status();
            return status.annotate("patterns[" + std::to_string(i) + "]");
        }
        patterns.push_back(std::move(pattern).value());
    }
    return std::shared_ptr<Filter>(
        std::make_shared<ListFilter>(std::move(options), std::move(patterns)));
}

}  // namespace alv::agent
