// What lies in the kv cache of one conversation, and how much of it a new prompt can use.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "local/loaded.h"

namespace alv::local {

// The first three may be used by any thread, the rest by the scheduler only.
struct KvState {
    const uint32_t context_tokens;
    std::atomic<uint32_t> cached_tokens{0};
    std::atomic<bool> closed{false};          // its conversation is gone
    std::atomic<bool> drop_requested{false};  // the host wants the memory back

    const bool fast_reuse;  // keep what decoding computed, too
    bool busy = false;      // a generation works on it
    uint64_t last_used = 0;
    std::unique_ptr<model::Sequence> sequence;  // null: nothing cached
    std::vector<text::TokenId> tokens;          // in the cache
    uint32_t n_prefilled = 0;                   // of these, computed by prefill

    KvState(uint32_t context, bool fast) : context_tokens(context), fast_reuse(fast) {}

    // Keeps what `prompt` shares with the cache and forgets the rest; returns how much that is. The
    // last two tokens of a prompt are always computed anew: a token alone would take decode's
    // program instead of prefill's, and the reply must not depend on what was cached.
    uint32_t reuse(std::span<const text::TokenId> prompt);
    // After a step: `added` lie in the cache now.
    void append(std::span<const text::TokenId> added, bool by_prefill);
    // Makes the sequence forget what is not among `tokens`: drafts that were wrong.
    void settle();
    // Forgets the last token: it is computed again.
    void take_back_one();
    void drop();
};

}  // namespace alv::local
