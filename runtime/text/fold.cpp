#include "text/fold.h"

#include <normalization_rule.h>

#include <third_party/darts_clone/darts.h>
#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace alv::text {
namespace {

// The rules "NFKC, then Unicode case folding" that sentencepiece carries: a double-array trie from
// sequences to where their replacement begins among NUL-terminated strings.
class Rules {
  public:
    Rules() {
        constexpr const auto& blob = sentencepiece::kNormalizationRules_blob[2];  // nfkc_cf
        uint32_t trie_bytes = 0;
        std::memcpy(&trie_bytes, blob.data, sizeof trie_bytes);
        trie_.set_array(blob.data + sizeof trie_bytes, trie_bytes / trie_.unit_size());
        strings_ = blob.data + sizeof trie_bytes + trie_bytes;
    }
    // The longest rule for the beginning of `text`: the bytes it takes, 0 if there is none.
    size_t find(std::string_view text, std::string_view& replacement) const {
        constexpr size_t kMost = 32;
        Darts::DoubleArray::result_pair_type found[kMost];
        if (text.empty()) return 0;  // a length of 0 would mean: up to a NUL
        // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the length is given
        const size_t n = std::min(kMost, trie_.commonPrefixSearch(text.data(), found, kMost,
                                                                  std::min(text.size(), kReach)));
        if (n == 0) return 0;
        replacement = strings_ + found[n - 1].value;
        return found[n - 1].length;
    }

    // Whether more text could make another rule fit the beginning of `text`.
    bool may_go_on(std::string_view text) const {
        if (text.size() > kReach) return false;
        size_t node = 0;
        size_t at = 0;
        return trie_.traverse(text.data(), node, at, text.size()) != kNoSuchPath;
    }

  private:
    static constexpr int kNoSuchPath = -2;
    static constexpr size_t kReach = 64;  // no rule is longer
    Darts::DoubleArray trie_;
    const char* strings_ = nullptr;
};

// Unicode's Default_Ignorable_Code_Point, as far as it is assigned.
bool shows_nothing(char32_t c) {
    return c == 0xAD || c == 0x34F || c == 0x61C || (c >= 0x115F && c <= 0x1160) ||
           (c >= 0x17B4 && c <= 0x17B5) || (c >= 0x180B && c <= 0x180F) ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) ||
           c == 0xFEFF || c == 0xFFA0 || (c >= 0xE0000 && c <= 0xE0FFF);
}

}  // namespace

Folded fold(std::string_view source) {
    static const Rules rules;
    // What shows nothing goes first: between a letter and its accent it would hide the pair.
    std::string seen;
    std::vector<uint32_t> at;
    seen.reserve(source.size());
    for (size_t i = 0; i < source.size();) {
        const utf8::CodePoint c = utf8::next(source, i);
        if (!shows_nothing(c.code_point)) {
            seen.append(source, i, c.size);
            for (uint32_t k = 0; k < c.size; ++k) at.push_back(static_cast<uint32_t>(i + k));
        }
        i += c.size;
    }
    at.push_back(static_cast<uint32_t>(source.size()));
    Folded out;
    out.text.reserve(seen.size());
    const std::string_view rest(seen);
    bool settled = true;
    for (size_t i = 0; i < seen.size();) {
        if (settled && rules.may_go_on(rest.substr(i))) {
            settled = false;
            out.settled = out.text.size();
        }
        std::string_view replacement;
        const utf8::CodePoint first = utf8::next(seen, i);
        size_t size = first.size;
        if (first.code_point == 0xDF || first.code_point == 0x1E9E) {
            replacement = "ss";  // the rules know only foldings to one character
        } else {
            size = rules.find(rest.substr(i), replacement);
        }
        if (size == 0) {
            size = first.size;
            replacement = rest.substr(i, size);
        }
        out.text += replacement;
        out.origin.resize(out.text.size(), at[i]);
        i += size;
        out.origin_end.resize(out.text.size(), at[i - 1] + 1);
    }
    out.origin.push_back(static_cast<uint32_t>(source.size()));
    if (settled) out.settled = out.text.size();
    return out;
}

}  // namespace alv::text
