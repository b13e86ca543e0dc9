// h[t] = row tokens[t] of the embedding * scale; gained = h * gain of the first norm.
#pragma once

#include "base/status.h"
#include "gpu/device.h"
#include "ops/weight.h"

namespace alv::ops {

struct EmbedArgs {
    const Weight* weight = nullptr;  // (n_vocab, dim)
    gpu::BufferView tokens;          // (tokens) u32
    gpu::BufferView gain;            // (dim) f32
    gpu::BufferView h;               // (tokens, dim) f32
    gpu::BufferView gained;          // (tokens, dim) f32
    gpu::BufferView step;            // shared::Step
    float scale = 1;
};

gpu::KernelKey embed_key(const gpu::Plan& plan, WeightFormat format);

Status record_embed(gpu::Device& device, gpu::Recorder& recorder, const EmbedArgs& args,
                    uint32_t max_tokens);

}  // namespace alv::ops
