// Rotary embedding of q and k (with the model's q and k norms), and k and v into the kv cache.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "gpu/device.h"
#include "ops/step_rows.h"

namespace alv::ops {

struct RopeArgs {
    gpu::BufferView qkv;      // (tokens, (n_heads + 2 n_kv_heads) * head_dim) f32, q in place
    gpu::BufferView k_cache;  // pages of (n_kv_heads, head_dim / 2, 32) f16 pairs
    gpu::BufferView v_cache;  // pages of (n_kv_heads, 32, head_dim / 2) f16 pairs
    gpu::BufferView qk_gain;  // (2, head_dim) f32 of q and of k, with qk_norm
    gpu::BufferView angles;   // rope_table()
    gpu::BufferView step;     // (n_sequences) shared::Step
    gpu::BufferView pages;    // page table: u32 page of each 32 positions, from Step::first_page
    uint32_t n_heads = 0;
    uint32_t n_kv_heads = 0;
    uint32_t head_dim = 0;  // a multiple of 4
    uint32_t rope_dim = 0;  // a multiple of 4, <= head_dim
    bool halves = false;    // NeoX halves, else interleaved pairs
    bool qk_norm = false;
    float q_scale = 1;  // multiplied into q: the attention scale
    float epsilon = 0;  // of the q and k norms
};

// (cos, sin) of p * frequency for p in 0 .. 63, then for multiples of 64 up to n_positions, rows of
// rope_dim / 2; frequency f is base^(-2 f / rope_dim) * scale / factors[f] (factors may be empty).
// Angles are computed in double and kept below one table step: exact to f32 at any position.
std::vector<float> rope_table(uint32_t n_positions, uint32_t rope_dim, double base, double scale,
                              const std::vector<float>& factors);

gpu::KernelKey rope_key(const gpu::Plan& plan);

Status record_rope(gpu::Device& device, gpu::Recorder& recorder, const RopeArgs& args,
                   const StepRows& rows);

}  // namespace alv::ops
