#include "local/lookup.h"

#include <algorithm>

namespace alv::local {
namespace {

using text::TokenId;

constexpr size_t kLeastMatch = 3;    // tokens that have to be alike
constexpr size_t kMostMatch = 16;    // more alike says nothing more
constexpr double kWeight = 0.3;      // of the last guess in the average
constexpr double kPatience = 0.125;  // added to the average for a guess that was not tried

// How many tokens before `end` are the same as those at the end of `context`.
size_t match_before(std::span<const TokenId> context, size_t end) {
    const size_t most = std::min(kMostMatch, end);
    size_t n = 0;
    while (n < most && context[end - 1 - n] == context[context.size() - 1 - n]) ++n;
    return n;
}

}  // namespace

std::span<const TokenId> Lookup::guess(std::span<const TokenId> context, size_t most,
                                       uint32_t cost) {
    size_t best = 0;
    size_t best_end = 0;
    for (size_t end = context.size(); end-- > kLeastMatch;) {
        const size_t n = match_before(context, end);
        if (n > best) {
            best = n;
            best_end = end;
        }
        if (best == kMostMatch) break;
    }
    if (best < kLeastMatch || most == 0) return {};
    // One token is drawn in any case.
    if (right_ + 1 <= cost) {
        right_ += kPatience;
        return {};
    }
    return context.subspan(best_end, std::min(most, context.size() - best_end));
}

void Lookup::learn(size_t n_right) {
    right_ += kWeight * (static_cast<double>(n_right) - right_);
}

}  // namespace alv::local
