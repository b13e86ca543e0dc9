#include "agent/passages.h"

#include <algorithm>
#include <map>

namespace alv::agent {
namespace {

constexpr double kRankConstant = 60;

// The text with every run of blanks as one.
std::string squeezed(std::string_view text) {
    std::string out;
    bool blank = true;
    for (const char c : text) {
        const bool now = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (now && !blank) out += ' ';
        if (!now) out += c;
        blank = now;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

// One line, so that a name cannot pretend to be another passage.
std::string one_line(std::string_view text) {
    std::string out = squeezed(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '[' || c == ']' || c == '(' || c == ')'; },
        ' ');
    return out;
}

std::string heading(const Passage& passage, size_t number) {
    std::string out = "[" + std::to_string(number) + "] (source: " + one_line(passage.source);
    if (!passage.id.empty()) out += ", id: " + one_line(passage.id);
    return out + ")\n";
}

}  // namespace

std::vector<Passage> fuse(std::vector<std::vector<Passage>> lists) {
    struct Entry {
        Passage passage;
        double rank_score = 0;
    };
    std::vector<Entry> entries;
    std::map<std::string, size_t> by_text;
    std::map<std::pair<size_t, std::string>, size_t> by_id;  // list, id
    for (size_t n = 0; n < lists.size(); ++n) {
        std::vector<Passage>& list = lists[n];
        std::vector<bool> counted(entries.size() + list.size(), false);
        for (size_t rank = 0; rank < list.size(); ++rank) {
            Passage& passage = list[rank];
            const std::string text = squeezed(passage.text);
            if (text.empty()) continue;
            size_t index = entries.size();
            const auto id = std::pair(n, passage.id);
            if (const auto found = by_text.find(text); found != by_text.end()) {
                index = found->second;
            } else if (const auto same = by_id.find(id);
                       !passage.id.empty() && same != by_id.end()) {
                index = same->second;
            } else {
                by_text.emplace(text, index);
                if (!passage.id.empty()) by_id.emplace(id, index);
                entries.push_back({std::move(passage), 0});
            }
            // Twice in one list is once, at the better rank.
            if (counted[index]) continue;
            counted[index] = true;
            entries[index].rank_score += 1.0 / (kRankConstant + static_cast<double>(rank) + 1);
        }
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.rank_score > b.rank_score; });
    std::vector<Passage> out;
    out.reserve(entries.size());
    for (Entry& entry : entries) out.push_back(std::move(entry.passage));
    return out;
}

Result<std::vector<Passage>> fit(std::vector<Passage> passages, uint32_t budget,
                                 const CountText& count) {
    if (budget == 0) return passages;
    std::vector<Passage> out;
    uint64_t used = 0;
    for (Passage& passage : passages) {
        ALV_ASSIGN_OR_RETURN(const uint32_t n_tokens,
                             count(heading(passage, out.size() + 1) + passage.text + "\n\n"));
        if (used + n_tokens > budget) continue;
        used += n_tokens;
        out.push_back(std::move(passage));
    }
    return out;
}

std::string passage_block(const std::vector<Passage>& passages) {
    std::string out;
    for (size_t i = 0; i < passages.size(); ++i) {
        if (i) out += "\n\n";
        out += heading(passages[i], i + 1) + passages[i].text;
    }
    return out;
}

std::vector<CitationFinder::Citation> CitationFinder::put(std::string_view text) {
    std::vector<Citation> out;
    for (const char c : text) {
        if (c == '[') {
            open_ = true;
            any_digit_ = false;
            number_ = 0;
            begin_ = at_;
        } else if (open_ && c >= '0' && c <= '9' && number_ < 1'000'000) {
            number_ = number_ * 10 + static_cast<uint64_t>(c - '0');
            any_digit_ = true;
        } else {
            if (open_ && c == ']' && any_digit_ && number_ >= 1 && number_ <= n_passages_) {
                out.push_back({static_cast<size_t>(number_ - 1), begin_, at_ + 1});
            }
            open_ = false;
        }
        ++at_;
    }
    return out;
}

}  // namespace alv::agent
