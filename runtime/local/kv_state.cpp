#include "local/kv_state.h"

#include <algorithm>

namespace alv::local {

uint32_t KvState::reuse(std::span<const text::TokenId> prompt) {
    const size_t recompute = std::min<size_t>(prompt.size(), 2);
    size_t limit = std::min(fast_reuse ? tokens.size() : size_t{n_prefilled}, tokens.size());
    limit = std::min(limit, prompt.size() - recompute);
    size_t shared = 0;
    while (shared < limit && tokens[shared] == prompt[shared]) ++shared;
    // A sequence that does not hold what was put down here is not to be trusted.
    if (sequence && sequence->length() != tokens.size()) drop();
    if (!sequence) shared = 0;
    if (sequence) sequence->truncate(static_cast<uint32_t>(shared));
    tokens.resize(shared);
    n_prefilled = std::min(n_prefilled, static_cast<uint32_t>(shared));
    cached_tokens = static_cast<uint32_t>(shared);
    return static_cast<uint32_t>(shared);
}

void KvState::append(std::span<const text::TokenId> added, bool by_prefill) {
    const bool all_prefilled = n_prefilled == tokens.size();
    tokens.insert(tokens.end(), added.begin(), added.end());
    if (by_prefill && all_prefilled) n_prefilled = static_cast<uint32_t>(tokens.size());
    cached_tokens = static_cast<uint32_t>(tokens.size());
}

void KvState::settle() {
    if (sequence && sequence->length() > tokens.size()) {
        sequence->truncate(static_cast<uint32_t>(tokens.size()));
    }
}

void KvState::take_back_one() {
    tokens.pop_back();
    sequence->truncate(static_cast<uint32_t>(tokens.size()));
    n_prefilled = std::min(n_prefilled, static_cast<uint32_t>(tokens.size()));
    cached_tokens = static_cast<uint32_t>(tokens.size());
}

void KvState::drop() {
    sequence.reset();
    tokens.clear();
    n_prefilled = 0;
    cached_tokens = 0;
}

}  // namespace alv::local
