// y[t] += bias, and GELU (by erf) of the sum where asked.
#pragma once

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct BiasArgs {
    gpu::BufferView y;     // (tokens, n) f32, in place
    gpu::BufferView bias;  // (n) f32
    gpu::BufferView step;  // shared::Step
    uint32_t n = 0;        // a multiple of 4
    bool gelu = false;
};

gpu::KernelKey bias_key(const gpu::Plan& plan);

Status record_bias(gpu::Device& device, gpu::Recorder& recorder, const BiasArgs& args,
                   uint32_t max_tokens);

}  // namespace alv::ops
