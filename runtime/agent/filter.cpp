#include "agent/filter.h"

#include <algorithm>

namespace alv::agent {
namespace {

// As many characters as a pattern may look back over: 64.
constexpr size_t kBeforeBytes = 256;

// Back to where a character begins.
size_t character_start(std::string_view text, size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
        --at;
    return at;
}

void keep_end(std::string& before, std::string_view shown) {
    before += shown;
    if (before.size() <= kBeforeBytes) return;
    before.erase(0, character_start(before, before.size() - kBeforeBytes));
}

}  // namespace

FilterStream::FilterStream(const Filters& filters) {
    for (const auto& filter : filters) stages_.push_back({filter, {}, {}});
}

Result<std::string> FilterStream::put(std::string_view text) {
    return run(text, false);
}

Result<std::string> FilterStream::finish() {
    return run({}, true);
}

Result<std::string> FilterStream::run(std::string_view text, bool last) {
    std::string out;
    if (stopped_) return out;
    out = text;
    for (Stage& stage : stages_) {
        ALV_ASSIGN_OR_RETURN(out, run_stage(stage, out, last));
        // What an earlier stage says in place of the text passes the later ones whole.
        last = last || stopped_;
    }
    return out;
}

Result<std::string> FilterStream::run_stage(Stage& stage, std::string_view text, bool last) {
    stage.window += text;
    std::string out;
    const auto let_through = [&](size_t n_bytes) {
        const std::string shown = stage.window.substr(0, n_bytes);
        stage.window.erase(0, n_bytes);
        out += shown;
        keep_end(stage.before, shown);
    };
    for (;;) {
        ALV_ASSIGN_OR_RETURN(const Verdict verdict,
                             stage.filter->look({stage.before, stage.window, last}));
        if (verdict.kind == Verdict::Kind::kAllow) {
            const size_t hold = last ? 0 : std::min(verdict.hold, stage.window.size());
            let_through(character_start(stage.window, stage.window.size() - hold));
            return out;
        }
        if (verdict.kind == Verdict::Kind::kStop) {
            stopped_ = true;
            stage.window.clear();
            out += verdict.text;
            return out;
        }
        if (verdict.begin >= verdict.end || verdict.end > stage.window.size() ||
            character_start(stage.window, verdict.begin) != verdict.begin ||
            character_start(stage.window, verdict.end) != verdict.end) {
            return invalid_argument("a filter replaces bytes " + std::to_string(verdict.begin) +
                                    " to " + std::to_string(verdict.end) + " of " +
                                    std::to_string(stage.window.size()) +
                                    ": give whole characters, at least one");
        }
        // The replacement is the filter's own: it is not looked at again.
        let_through(verdict.begin);
        stage.window.erase(0, verdict.end - verdict.begin);
        out += verdict.text;
        keep_end(stage.before, verdict.text);
    }
}

Result<Filtered> run_filters(const Filters& filters, std::string_view text) {
    FilterStream stream(filters);
    Filtered out;
    ALV_ASSIGN_OR_RETURN(out.text, stream.run(text, true));
    out.stopped = stream.stopped();
    return out;
}

}  // namespace alv::agent
