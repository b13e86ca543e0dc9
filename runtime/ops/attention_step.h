// rope and attention of one token a sequence in one dispatch, where the plan has kernels for it.
#pragma once

#include <cstdint>

#include "ops/attention.h"
#include "ops/rope.h"

namespace alv::ops {

struct AttentionStepArgs {
    RopeArgs rope;        // qkv is only read
    gpu::BufferView out;  // (n_sequences, n_heads * head_dim) f32
    uint32_t window = 0;  // positions; 0: all
};

// Whether there is a kernel for it; otherwise record_rope and record_attention do the same.
bool has_attention_step(const gpu::Plan& plan, const AttentionShape& shape, uint32_t rope_dim,
                        bool halves);

gpu::KernelKey attention_step_key(const gpu::Plan& plan, const AttentionShape& shape,
                                  uint32_t rope_dim, bool halves);

// Unsupported where has_attention_step() is false.
Status record_attention_step(gpu::Device& device, gpu::Recorder& recorder,
                             const AttentionStepArgs& args, uint32_t n_sequences);

}  // namespace alv::ops
