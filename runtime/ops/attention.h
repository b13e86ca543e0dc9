// Causal attention of the step's tokens over the paged kv cache, with an optional sliding window.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"
#include "ops/step_rows.h"

namespace alv::ops {

struct AttentionShape {
    uint32_t n_heads = 0;  // a multiple of n_kv_heads
    uint32_t n_kv_heads = 0;
    uint32_t head_dim = 0;  // a multiple of 32, <= 256
};

struct AttentionArgs {
    gpu::BufferView qkv;  // q rotated and scaled; rows of (n_heads + 2 n_kv_heads) * head_dim
    gpu::BufferView k_cache;
    gpu::BufferView v_cache;
    gpu::BufferView out;   // (tokens, n_heads * head_dim) f32
    gpu::BufferView step;  // (n_sequences) shared::Step
    gpu::BufferView pages;
    AttentionShape shape;
    uint32_t window = 0;  // positions; 0: all
    // Of a self-test: this kernel, whatever the plan says.
    const gpu::KernelKey* kernel = nullptr;
};

// Workgroups of one subgroup of 8 lanes that shuffle; more lanes, or none that can, go through
// shared memory.
bool attends_by_subgroup(const gpu::Plan& plan, const AttentionShape& shape);

// Rows, (token, head) pairs of one kv head, that a workgroup takes: a page is read once for them.
// At most `kept`, which is the kernel's.
uint32_t attention_rows(const gpu::Plan& plan, const AttentionShape& shape, uint32_t max_tokens,
                        uint32_t kept);
inline constexpr uint32_t kSubgroupRows = 8;

gpu::KernelKey attention_key(const gpu::Plan& plan, const AttentionShape& shape,
                             uint32_t max_tokens);

Status record_attention(gpu::Device& device, gpu::Recorder& recorder, const AttentionArgs& args,
                        const StepRows& rows);

}  // namespace alv::ops
