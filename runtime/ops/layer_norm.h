// h[t] = layer norm of (h[t] + y[row] + bias) * gain + beta, with row = t or the token's position.
#pragma once

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct LayerNormArgs {
    gpu::BufferView y;       // (tokens, dim) f32, or (positions, dim) with by_position
    gpu::BufferView h;       // (tokens, dim) f32, in place
    gpu::BufferView bias;    // (dim) f32
    gpu::BufferView gain;    // (dim) f32
    gpu::BufferView beta;    // (dim) f32
    gpu::BufferView places;  // (tokens) shared::TokenPlace
    gpu::BufferView step;    // shared::Step
    uint32_t dim = 0;        // a multiple of 4
    float epsilon = 0;
    bool by_position = false;
};

gpu::KernelKey layer_norm_key(const gpu::Plan& plan);

Status record_layer_norm(gpu::Device& device, gpu::Recorder& recorder, const LayerNormArgs& args,
                         uint32_t max_tokens);

}  // namespace alv::ops
