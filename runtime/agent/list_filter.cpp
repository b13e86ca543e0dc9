#include "agent/list_filter.h"

#include <pcre2.h>

#include <algorithm>

#include "base/utf8.h"

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
// Characters; a stream keeps so much of what was shown.
constexpr uint32_t kMaxLookBehind = 64;

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

// What makes sense only where a text is matched in one go: \G, \K and, in UTF-8, \C.
bool needs_whole_text(std::string_view pattern) {
    for (size_t i = 0; i + 1 < pattern.size(); ++i) {
        if (pattern[i] != '\\') continue;
        ++i;
        if (pattern[i] == 'G' || pattern[i] == 'K' || pattern[i] == 'C') return true;
    }
    return false;
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
        uint32_t look_behind = 0;
        pcre2_pattern_info(out.code_.get(), PCRE2_INFO_MAXLOOKBEHIND, &look_behind);
        if (look_behind > kMaxLookBehind) {
            return invalid_argument("the pattern looks back over " + std::to_string(look_behind) +
                                    " characters: 64 are possible");
        }
        if (needs_whole_text(text)) {
            return invalid_argument(
                "the pattern has \\G, \\K or \\C, which mean nothing in a text that comes in "
                "pieces");
        }
        return out;
    }
    enum class How { kWhole, kMayGoOn, kHere };
    // The first match from `start` on; kMayGoOn: or the beginning of one that the subject ends in;
    // kHere: which begins at `start`.
    Result<bool> find(std::string_view subject, size_t start, How how, Found& out) const {
        const Owned<pcre2_match_data> data(pcre2_match_data_create(1, nullptr));
        const Owned<pcre2_match_context> context(pcre2_match_context_create(nullptr));
        if (!data || !context) return out_of_host_memory("no memory for a filter: free some");
        pcre2_set_match_limit(context.get(), kMatchLimit);
        pcre2_set_depth_limit(context.get(), kDepthLimit);
        pcre2_set_heap_limit(context.get(), kHeapLimitKib);
        uint32_t options = PCRE2_NOTEMPTY;
        if (how == How::kMayGoOn) options |= PCRE2_PARTIAL_HARD;
        if (how == How::kHere) options |= PCRE2_ANCHORED;
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
        size_t start = static_cast<size_t>(
            std::lower_bound(folded.origin.begin(), folded.origin.end(), view.before.size()) -
            folded.origin.begin());
        // What may still change is no ground for a judgement.
        const std::string_view text =
            std::string_view(folded.text)
                .substr(0, view.last ? folded.text.size() : folded.settled);
        const How how = view.last ? How::kWhole : How::kMayGoOn;
        for (;;) {
            Found first;
            start = std::min(start, text.size());
            ALV_ASSIGN_OR_RETURN(const bool found, find(text, start, how, first));
            if (!found) return held(source.size() - folded.origin[text.size()]);
            if (first.is_match) return forbid(view, folded, first);
            const size_t hold = source.size() - folded.origin[first.begin];
            if (hold <= kMaxFilterHold) return held(hold);
            // Too long to wait for what it may become: what is it now?
            ALV_ASSIGN_OR_RETURN(const bool is_match, find(text, first.begin, How::kHere, first));
            if (is_match) return forbid(view, folded, first);
            start = first.begin + utf8::next(text, first.begin).size;
        }
    }

  private:
    using How = Pattern::How;

    // The first of all patterns'; at the same place the later pattern's.
    Result<bool> find(std::string_view text, size_t start, How how, Found& out) const {
        bool found = false;
        for (const Pattern& pattern : patterns_) {
            Found here;
            ALV_ASSIGN_OR_RETURN(const bool any, pattern.find(text, start, how, here));
            if (!any || (found && here.begin > out.begin)) continue;
            found = true;
            out = here;
        }
        return found;
    }
    Verdict forbid(const FilterView& view, const FoldedText& folded, const Found& match) const {
        Verdict verdict;
        verdict.kind = options_.stop ? Verdict::Kind::kStop : Verdict::Kind::kReplace;
        verdict.begin = folded.origin[match.begin] - view.before.size();
        verdict.end = folded.origin_end[match.end - 1] - view.before.size();
        verdict.text = options_.replacement;
        return verdict;
    }
    static Verdict held(size_t n_bytes) {
        Verdict verdict;
        verdict.hold = n_bytes;
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
