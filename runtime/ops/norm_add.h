// h += rms_norm(y) * post_gain, gained = h * gain: the post-norms of sandwich blocks.
#pragma once

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct NormAddArgs {
    gpu::BufferView y;          // (tokens, dim) f32
    gpu::BufferView post_gain;  // (dim) f32
    gpu::BufferView h;          // (tokens, dim) f32
    gpu::BufferView gain;       // (dim) f32, of the norm that follows
    gpu::BufferView gained;     // (tokens, dim) f32
    gpu::BufferView step;       // shared::Step
    uint32_t dim = 0;           // a multiple of 4
    float epsilon = 0;
};

gpu::KernelKey norm_add_key(const gpu::Plan& plan);

Status record_norm_add(gpu::Device& device, gpu::Recorder& recorder, const NormAddArgs& args,
                       uint32_t max_tokens);

}  // namespace alv::ops
