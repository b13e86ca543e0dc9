#include "text/pretokenizer.h"

#include <pcre2.h>

#include <algorithm>

namespace alv::text {

namespace {

struct FreePcre2 {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
template <typename T>
using Pcre2Ptr = std::unique_ptr<T, FreePcre2>;

constexpr uint32_t kHeapLimitKib = 64 * 1024;
constexpr uint32_t kDepthLimit = 1'000'000;

// Writes \s and \S as the White_Space property has them; PCRE2's own \s also takes U+180E.
std::string expand_spaces(std::string_view pattern) {
    constexpr std::string_view kSpaces = "\\t-\\r\\x{85}\\p{Z}";
    std::string out;
    bool in_class = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c != '\\' || i + 1 == pattern.size()) {
            if (c == '[') in_class = true;
            if (c == ']') in_class = false;
            out += c;
            continue;
        }
        const char escaped = pattern[++i];
        if (escaped == 's') {
            out += in_class ? std::string(kSpaces) : "[" + std::string(kSpaces) + "]";
        } else if (escaped == 'S') {
            out += "[^" + std::string(kSpaces) + "]";
        } else {
            out += c;
            out += escaped;
        }
    }
    return out;
}

// What one call of split needs.
struct MatchState {
    Pcre2Ptr<pcre2_match_data> data;
    Pcre2Ptr<pcre2_match_context> context;
};

Result<MatchState> make_match_state(size_t text_bytes) {
    MatchState state;
    state.data.reset(pcre2_match_data_create(1, nullptr));
    state.context.reset(pcre2_match_context_create(nullptr));
    if (!state.data || !state.context) return out_of_host_memory("PCRE2 match data");
    // A few steps back per character is what the expressions take.
    const uint64_t limit = 1'000'000 + uint64_t{16} * text_bytes;
    pcre2_set_match_limit(state.context.get(),
                          static_cast<uint32_t>(std::min<uint64_t>(limit, UINT32_MAX)));
    pcre2_set_depth_limit(state.context.get(), kDepthLimit);
    pcre2_set_heap_limit(state.context.get(), kHeapLimitKib);
    return state;
}

}  // namespace

class Pretokenizer::Pattern {
  public:
    static Result<Pattern> compile(std::string_view text) {
        const std::string expanded = expand_spaces(text);
        int error = 0;
        PCRE2_SIZE at = 0;
        Pattern pattern;
        pattern.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expanded.data()),
                                          expanded.size(), PCRE2_UTF | PCRE2_UCP, &error, &at,
                                          nullptr));
        if (!pattern.code_) {
            return internal_error("pre-tokenizer: PCRE2 error " + std::to_string(error) + " at " +
                                  std::to_string(at) + " of " + expanded);
        }
        return pattern;
    }

    // Appends the matches in `piece` and what lies between them.
    Status split(std::string_view piece, const MatchState& state,
                 std::vector<std::string_view>& out) const {
        size_t done = 0;
        size_t from = 0;
        while (from < piece.size()) {
            const int rc = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(piece.data()),
                                       piece.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY,
                                       state.data.get(), state.context.get());
            if (rc == PCRE2_ERROR_NOMATCH) break;
            if (rc == PCRE2_ERROR_NOMEMORY) return out_of_host_memory("PCRE2 matching");
            if (rc < 0) {
                return limit_exceeded("the text cannot be cut into words (PCRE2 error " +
                                      std::to_string(rc) + "); send it in parts");
            }
            const PCRE2_SIZE* found = pcre2_get_ovector_pointer(state.data.get());
            if (found[0] > done) out.push_back(piece.substr(done, found[0] - done));
            out.push_back(piece.substr(found[0], found[1] - found[0]));
            done = from = found[1];
        }
        if (piece.size() > done) out.push_back(piece.substr(done));
        return ok_status();
    }

  private:
    Pcre2Ptr<pcre2_code> code_;
};

Pretokenizer::Pretokenizer() = default;
Pretokenizer::~Pretokenizer() = default;
Pretokenizer::Pretokenizer(Pretokenizer&&) noexcept = default;
Pretokenizer& Pretokenizer::operator=(Pretokenizer&&) noexcept = default;

Result<Pretokenizer> Pretokenizer::create(std::string_view name) {
    Pretokenizer pretokenizer;
    pretokenizer.row_ = find_pretokenizer(name);
    if (pretokenizer.row_ == nullptr) {
        return unsupported("the pre-tokenizer '" + std::string(name) + "' is not supported");
    }
    for (const std::string_view text : pretokenizer.row_->patterns) {
        ALV_ASSIGN_OR_RETURN(Pattern pattern, Pattern::compile(text));
        pretokenizer.patterns_.push_back(std::move(pattern));
    }
    return pretokenizer;
}

Status Pretokenizer::split(std::string_view text, std::vector<std::string_view>& words) const {
    ALV_ASSIGN_OR_RETURN(const MatchState state, make_match_state(text.size()));
    std::vector<std::string_view> pieces = {text};
    for (const Pattern& pattern : patterns_) {
        std::vector<std::string_view> cut;
        for (const std::string_view piece : pieces) {
            ALV_RETURN_IF_ERROR(pattern.split(piece, state, cut));
        }
        pieces = std::move(cut);
    }
    words.insert(words.end(), pieces.begin(), pieces.end());
    return ok_status();
}

}  // namespace alv::text
