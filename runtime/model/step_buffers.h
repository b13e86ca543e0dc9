// The buffers of a decoder besides weights and kv: activations of one step, and what the host
// writes and reads.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"
#include "model/hparams.h"

namespace alv::model {

// Rows that a scored text's logits are computed for at a time.
inline constexpr uint32_t kScoreRows = 8;

struct StepBuffers {
    // Activations, all f32, of up to max_tokens tokens.
    gpu::BufferView h;        // (tokens, dim): the residual stream
    gpu::BufferView gained;   // (tokens, dim): h times the gain of the norm that reads it
    gpu::BufferView qkv;      // (tokens, (n_heads + 2 n_kv_heads) * head_dim)
    gpu::BufferView attn;     // (tokens, n_heads * head_dim)
    gpu::BufferView ffn;      // (tokens, ffn_dim)
    gpu::BufferView gate_up;  // (tokens, 2 ffn_dim), where gate and up are not one gated matmul
    gpu::BufferView block;    // (tokens, dim): a block's output before its post-norm
    gpu::BufferView logits;   // (logit_rows, n_vocab)
    // Written by the host.
    gpu::BufferView step;     // (max_batch) shared::Step
    gpu::BufferView tokens;   // (max_tokens) u32
    gpu::BufferView targets;  // (max_tokens) u32: the token after each
    gpu::BufferView pages;    // (max_batch, max_pages) u32
    gpu::BufferView penalty;  // (max_batch, kMaxPenalty) u32
    gpu::BufferView allowed;  // (max_batch, n_vocab in words) bits: tokens that may be drawn
    // Read by the host.
    gpu::BufferView answer;  // (max_batch) shared::Drawn
    gpu::BufferView scores;  // (max_tokens) f32
};

struct StepSizes {
    uint32_t max_tokens = 0;  // of one prefill program, a multiple of the matmul columns
    uint32_t max_pages = 0;   // of one sequence
    uint32_t max_batch = 0;   // sequences of one step
    uint32_t logit_rows = 0;  // computed at a time, a multiple of the matmul columns
    bool separate_gate_up = false;
};

uint64_t step_buffer_bytes(const HParams& hparams, const StepSizes& sizes);

Result<StepBuffers> create_step_buffers(gpu::Device& device, const HParams& hparams,
                                        const StepSizes& sizes);

}  // namespace alv::model
