#include "schema/grammar.h"

#include <algorithm>
#include <array>

namespace alv::schema {

Grammar::Grammar() {
    add({.kind = Kind::kEmpty});
    add({.kind = Kind::kNothing});
}

Grammar::Id Grammar::add(const Node& node) {
    nodes_.push_back(node);
    return static_cast<Id>(nodes_.size() - 1);
}

Grammar::Id Grammar::byte(uint8_t low, uint8_t high) {
    return add({.kind = Kind::kBytes, .low = low, .high = high});
}

Grammar::Id Grammar::literal(std::string_view bytes) {
    std::vector<Id> parts;
    parts.reserve(bytes.size());
    for (const char c : bytes)
        parts.push_back(byte(static_cast<uint8_t>(c), static_cast<uint8_t>(c)));
    return sequence(parts);
}

// The texts in their order make a tree of bytes: `open` is the path to the last of them.
Grammar::Id Grammar::one_of(std::vector<std::string> texts) {
    struct Open {
        uint8_t byte = 0;
        std::vector<Id> branches;
    };
    std::sort(texts.begin(), texts.end());
    std::vector<Open> open(1);
    const auto close_to = [&](size_t depth) {
        while (open.size() > depth + 1) {
            const Id branch =
                sequence({byte(open.back().byte, open.back().byte), choice(open.back().branches)});
            open.pop_back();
            open.back().branches.push_back(branch);
        }
    };
    for (size_t i = 0; i < texts.size(); ++i) {
        if (i > 0 && texts[i] == texts[i - 1]) continue;
        size_t shared = 0;
        while (i > 0 && shared + 1 < open.size() && shared < texts[i].size() &&
               open[shared + 1].byte == static_cast<uint8_t>(texts[i][shared])) {
            ++shared;
        }
        close_to(shared);
        for (size_t at = shared; at < texts[i].size(); ++at) {
            open.push_back({static_cast<uint8_t>(texts[i][at]), {}});
        }
        open.back().branches.push_back(empty());
    }
    close_to(0);
    return choice(open.front().branches);
}

Grammar::Id Grammar::list(Kind kind, std::span<const Id> parts) {
    const auto first = static_cast<uint32_t>(parts_.size());
    parts_.insert(parts_.end(), parts.begin(), parts.end());
    return add({.kind = kind, .first = first, .count = static_cast<uint32_t>(parts.size())});
}

Grammar::Id Grammar::sequence(std::span<const Id> parts) {
    if (parts.empty()) return empty();
    return parts.size() == 1 ? parts[0] : list(Kind::kSequence, parts);
}

Grammar::Id Grammar::choice(std::span<const Id> parts) {
    if (parts.empty()) return nothing();
    return parts.size() == 1 ? parts[0] : list(Kind::kChoice, parts);
}

Grammar::Id Grammar::repeat(Id part, uint32_t min, uint32_t max) {
    if (min > max) return nothing();
    if (max == 0) return empty();
    if (min == 1 && max == 1) return part;
    return add({.kind = Kind::kRepeat, .min = min, .max = max, .first = part});
}

Grammar::Id Grammar::declare(std::string name) {
    rules_.push_back({std::move(name)});
    return add({.kind = Kind::kRule, .first = static_cast<uint32_t>(rules_.size() - 1)});
}

void Grammar::define(Id rule, Id body) {
    Rule& it = rules_[nodes_[rule].first];
    it.body = body;
    it.defined = true;
}

Grammar::Id Grammar::chars(std::span<const CharRange> ranges) {
    std::vector<Id> choices;
    for (const auto& [low, high] : ranges) {
        if (low > high) continue;
        // Between the surrogates, and within one length of UTF-8, at a time.
        constexpr std::array<CharRange, 5> kBands = {
            {{0, 0x7f}, {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, 0x10ffff}}};
        for (const auto& [first, last] : kBands) {
            const uint32_t from = std::max(low, first);
            const uint32_t to = std::min(high, last);
            if (from <= to) add_char_range(from, to, choices);
        }
    }
    return choice(choices);
}

std::vector<Grammar::CharRange> Grammar::inverted(std::vector<CharRange> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<CharRange> out;
    uint32_t from = 0;
    for (const auto& [low, high] : ranges) {
        if (low > from) out.emplace_back(from, low - 1);
        from = std::max(from, high + 1);
    }
    if (from <= 0x10ffff) out.emplace_back(from, 0x10ffff);
    return out;
}

// Code points of one UTF-8 length: split until every byte but the first runs through a range that
// does not depend on the bytes before it.
void Grammar::add_char_range(uint32_t low, uint32_t high, std::vector<Id>& out) {
    std::vector<CharRange> todo = {{low, high}};
    while (!todo.empty()) {
        const auto [from, to] = todo.back();
        todo.pop_back();
        const uint32_t n_tail = to < 0x80 ? 0 : to < 0x800 ? 1 : to < 0x10000 ? 2 : 3;
        bool split = false;
        for (uint32_t i = 1; i <= n_tail && !split; ++i) {
            const uint32_t mask = (1u << 6 * i) - 1;
            if ((from & ~mask) == (to & ~mask)) continue;
            if ((from & mask) != 0) {
                todo.emplace_back((from | mask) + 1, to);
                todo.emplace_back(from, from | mask);
                split = true;
            } else if ((to & mask) != mask) {
                todo.emplace_back(to & ~mask, to);
                todo.emplace_back(from, (to & ~mask) - 1);
                split = true;
            }
        }
        if (split) continue;
        constexpr std::array<uint32_t, 4> kLead = {0, 0xc0, 0xe0, 0xf0};
        std::vector<Id> bytes;
        for (uint32_t i = n_tail + 1; i-- > 0;) {
            const uint32_t shift = 6 * i;
            const bool lead = i == n_tail;
            const uint32_t mark = lead ? kLead[n_tail] : 0x80;
            const uint32_t mask = lead ? 0xff : 0x3f;
            bytes.push_back(byte(static_cast<uint8_t>(mark | (from >> shift & mask)),
                                 static_cast<uint8_t>(mark | (to >> shift & mask))));
        }
        out.push_back(sequence(bytes));
    }
}

}  // namespace alv::schema
