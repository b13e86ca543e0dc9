// The buffers of an encoder besides weights.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"
#include "model/hparams.h"

namespace alv::model {

struct EncoderSizes {
    uint32_t block_tokens = 0;  // what one segment of a program covers: a multiple of 64
    uint32_t max_tokens = 0;    // of one run, a multiple of block_tokens
    uint32_t max_texts = 0;     // of one run
};

struct EncoderBuffers {
    // Activations, all f32, of up to max_tokens tokens.
    gpu::BufferView h;      // (tokens, dim): the residual stream
    gpu::BufferView block;  // (tokens, dim): what is added to it next
    gpu::BufferView qkv;    // (tokens, 3 * dim)
    gpu::BufferView attn;   // (tokens, dim)
    gpu::BufferView ffn;    // (tokens, ffn_dim)
    // Written by the host.
    gpu::BufferView steps;  // shared::Step of each block, 256 bytes apart, then that of the pooling
    gpu::BufferView tokens;  // (max_tokens) u32
    gpu::BufferView places;  // (max_tokens) shared::TokenPlace
    gpu::BufferView texts;   // (max_texts) shared::TokenPlace: what is pooled
    // Read by the host.
    gpu::BufferView vectors;  // (max_texts, dim)
};

inline constexpr uint64_t kEncoderStepBytes = 256;

EncoderSizes encoder_sizes(const gpu::Plan& plan, const HParams& hparams);
uint64_t encoder_buffer_bytes(const HParams& hparams, const EncoderSizes& sizes);
Result<EncoderBuffers> create_encoder_buffers(gpu::Device& device, const HParams& hparams,
                                              const EncoderSizes& sizes);

}  // namespace alv::model
