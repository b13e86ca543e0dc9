// What a step is about, as a program is recorded for it.
#pragma once

#include <cstdint>

namespace alv::ops {

// One sequence of up to max_tokens tokens, or up to n_sequences of one token each (shared::Step).
struct StepRows {
    uint32_t max_tokens = 1;
    uint32_t n_sequences = 1;

    uint32_t all_tokens() const { return max_tokens * n_sequences; }
};

}  // namespace alv::ops
