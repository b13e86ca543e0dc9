// Draws a token from one row of logits; what and in which order is in model/decoder.h.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct SampleArgs {
    gpu::BufferView logits;   // (n_vocab) f32; changed and put back while the penalty holds
    gpu::BufferView step;     // shared::Step
    gpu::BufferView penalty;  // (Step::n_penalty) u32, each token once, all below n_vocab
    gpu::BufferView allowed;  // (n_vocab) bits in u32, read when Step::masked is 1
    gpu::BufferView answer;   // shared::Drawn
    uint32_t n_vocab = 0;
};

gpu::KernelKey sample_key(const gpu::Plan& plan);

Status record_sample(gpu::Device& device, gpu::Recorder& recorder, const SampleArgs& args);

}  // namespace alv::ops
