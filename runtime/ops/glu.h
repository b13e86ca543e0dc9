// y = act(gate) * up where gate and up could not be one gated matmul (their formats differ).
#pragma once

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct GluArgs {
    gpu::BufferView gate_up;  // (tokens, 2 n) f32: gate, then up
    gpu::BufferView y;        // (tokens, n) f32
    gpu::BufferView step;     // shared::Step
    uint32_t n = 0;           // a multiple of 4
    bool gelu = false;        // tanh GELU, else SiLU
};

gpu::KernelKey glu_key(const gpu::Plan& plan);

Status record_glu(gpu::Device& device, gpu::Recorder& recorder, const GluArgs& args,
                  uint32_t max_tokens);

}  // namespace alv::ops
