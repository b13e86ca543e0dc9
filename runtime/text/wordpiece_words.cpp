#include "text/wordpiece_words.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/wordpiece_tables.h"

namespace alv::text::wordpiece {

namespace {

bool contains(std::span<const Range> ranges, char32_t c) {
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), c,
                                        [](char32_t x, const Range& r) { return x < r.first; });
    return after != ranges.begin() && c <= std::prev(after)->last;
}

// Unicode 3.12, Hangul syllable decomposition.
void append_hangul(char32_t c, std::u32string& out) {
    constexpr char32_t kVowels = 21;
    constexpr char32_t kTrailing = 28;
    const char32_t index = c - 0xAC00;
    out.push_back(0x1100 + index / (kVowels * kTrailing));
    out.push_back(0x1161 + index / kTrailing % kVowels);
    if (index % kTrailing != 0) out.push_back(0x11A7 + index % kTrailing);
}

bool append_run(char32_t c, std::u32string& out) {
    const auto runs = folds();
    const auto after = std::upper_bound(runs.begin(), runs.end(), c,
                                        [](char32_t x, const FoldRun& r) { return x < r.first; });
    if (after == runs.begin()) return false;
    const FoldRun& run = *std::prev(after);
    const char32_t steps = (c - run.first) / run.stride;
    if (steps >= run.count || run.first + steps * run.stride != c) return false;
    out.push_back(run.target + steps * run.step);
    return true;
}

void append_folded(char32_t c, std::u32string& out) {
    if (c < 0x80) {
        out.push_back(c >= U'A' && c <= U'Z' ? c + 32 : c);
        return;
    }
    if (c >= 0xAC00 && c <= 0xD7A3) return append_hangul(c, out);
    if (contains(marks(), c) || append_run(c, out)) return;
    const auto list = folds_to_several();
    const auto at = std::lower_bound(list.begin(), list.end(), c,
                                     [](const FoldSeveral& f, char32_t x) { return f.from < x; });
    if (at == list.end() || at->from != c) {
        out.push_back(c);
        return;
    }
    out.push_back(at->first);
    out.push_back(at->second);
    if (at->third != 0) out.push_back(at->third);
}

}  // namespace

// Fills pending_ with what the next character of the text stands for.
void WordReader::read_character() {
    pending_.clear();
    pending_at_ = 0;
    const utf8::CodePoint read = utf8::next(text_, at_);
    at_ += read.size;
    const char32_t c = read.code_point;
    if (contains(dropped(), c)) return;
    if (contains(spaces(), c)) {
        pending_ += U' ';
        return;
    }
    const bool alone = contains(ideographs(), c);
    if (alone) pending_ += U' ';
    if (fold_) {
        append_folded(c, pending_);
    } else {
        pending_ += c;
    }
    if (alone) pending_ += U' ';
}

bool WordReader::next(std::string& word) {
    word.clear();
    for (;;) {
        if (pending_at_ == pending_.size()) {
            if (at_ == text_.size()) return !word.empty();
            read_character();
            continue;
        }
        const char32_t c = pending_[pending_at_];
        if (c == U' ' || contains(punctuation(), c)) {
            if (!word.empty()) return true;  // the mark comes next
            ++pending_at_;
            if (c == U' ') continue;
            utf8::append(word, c);
            return true;
        }
        ++pending_at_;
        utf8::append(word, c);
    }
}

}  // namespace alv::text::wordpiece
