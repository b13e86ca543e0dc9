// Bidirectional attention: each token attends to all tokens of its text.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct AttentionFullArgs {
    gpu::BufferView qkv;     // (tokens, 3 * n_heads * head_dim) f32: q, k, v of each token
    gpu::BufferView places;  // (tokens) shared::TokenPlace; texts follow each other
    gpu::BufferView out;     // (tokens, n_heads * head_dim) f32
    // shared::Step: the rows [position, position + n_tokens) are computed. The views above begin
    // with token 0 all the same.
    gpu::BufferView step;
    uint32_t n_heads = 0;
    uint32_t head_dim = 0;  // a multiple of 32, <= 128
    float scale = 1;        // of q . k
};

gpu::KernelKey attention_full_key(const gpu::Plan& plan, uint32_t head_dim);

Status record_attention_full(gpu::Device& device, gpu::Recorder& recorder,
                             const AttentionFullArgs& args, uint32_t max_tokens);

}  // namespace alv::ops
