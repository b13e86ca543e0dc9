#include "text/special.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "text/control_tokens.h"

namespace alv::text {

namespace {

// Bounds the work at one place of the text; real ones have fewer than 100 bytes.
constexpr size_t kMaxSpecialBytes = 512;

}  // namespace

Result<SpecialSplitter> SpecialSplitter::create(const Vocabulary& vocabulary) {
    SpecialSplitter splitter;
    for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        const auto id = static_cast<TokenId>(i);
        const TokenType type = token_type(vocabulary, id);
        const bool user_defined = type == TokenType::kUserDefined;
        if (!user_defined && type != TokenType::kControl && type != TokenType::kUnknown) continue;
        const std::string& text = vocabulary.tokens[i];
        if (text.empty()) continue;
        if (text.size() > kMaxSpecialBytes) {
            return unsupported("special token " + std::to_string(i) + " has " +
                               std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(kMaxSpecialBytes) + " are supported");
        }
        if (!utf8::is_valid(text)) {
            return corrupt_file("tokenizer.ggml.tokens: special token " + std::to_string(i) +
                                " is not UTF-8");
        }
        splitter.entries_.push_back({text, id, !user_defined || is_turn_marker(text)});
    }
    auto& entries = splitter.entries_;
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.text < b.text; });
    const auto twin =
        std::adjacent_find(entries.begin(), entries.end(),
                           [](const Entry& a, const Entry& b) { return a.text == b.text; });
    if (twin != entries.end()) {
        return corrupt_file("tokenizer.ggml.tokens: special token " + std::to_string(twin->token) +
                            " appears twice");
    }
    for (const Entry& entry : entries) {
        ++splitter.by_first_[static_cast<uint8_t>(entry.text[0]) + 1u];
    }
    for (size_t b = 1; b < splitter.by_first_.size(); ++b) {
        splitter.by_first_[b] += splitter.by_first_[b - 1];
    }
    return splitter;
}

const SpecialSplitter::Entry* SpecialSplitter::match(std::string_view text, size_t at,
                                                     size_t trusted_end) const {
    const auto first = static_cast<uint8_t>(text[at]);
    auto low = entries_.begin() + by_first_[first];
    auto high = entries_.begin() + by_first_[first + 1u];
    const Entry* best = nullptr;
    // All of [low, high) share text[at, at + length): a walk down a trie laid out as a sorted list.
    for (size_t length = 1; low != high; ++length) {
        if (low->text.size() == length) {
            if (!low->trusted_only || at + length <= trusted_end) best = &*low;
            ++low;
        }
        if (at + length >= text.size()) break;
        const auto next = static_cast<uint8_t>(text[at + length]);
        low = std::partition_point(low, high, [&](const Entry& entry) {
            return static_cast<uint8_t>(entry.text[length]) < next;
        });
        high = std::partition_point(low, high, [&](const Entry& entry) {
            return static_cast<uint8_t>(entry.text[length]) == next;
        });
    }
    return best;
}

void SpecialSplitter::split(std::string_view text, std::span<const TextRange> trusted,
                            std::vector<Fragment>& out) const {
    size_t plain = 0;  // where the text not yet cut off begins
    size_t at = 0;
    while (at < text.size()) {
        while (!trusted.empty() && trusted.front().end <= at) trusted = trusted.subspan(1);
        const bool inside = !trusted.empty() && trusted.front().begin <= at;
        const Entry* found = match(text, at, inside ? trusted.front().end : 0);
        if (found == nullptr) {
            ++at;
            continue;
        }
        if (at > plain) out.push_back({kNoToken, text.substr(plain, at - plain)});
        out.push_back({found->token, {}});
        at += found->text.size();
        plain = at;
    }
    if (text.size() > plain) out.push_back({kNoToken, text.substr(plain)});
}

}  // namespace alv::text
