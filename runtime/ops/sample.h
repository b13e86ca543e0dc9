// Draws a token from each row of logits; what and in which order is in model/decoder.h.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct SampleArgs {
    gpu::BufferView logits;   // (n_rows, n_logits) f32; changed and put back under a penalty
    gpu::BufferView step;     // shared::Step of every row of the step, as the next three
    gpu::BufferView penalty;  // (kMaxPenalty) u32 a row, each token once, all below n_vocab
    gpu::BufferView allowed;  // (n_logits) bits in u32 a row, read when Step::masked is 1
    gpu::BufferView answer;   // shared::Drawn a row
    uint32_t n_vocab = 0;     // tokens that may be drawn
    uint32_t n_logits = 0;    // 0: n_vocab
    uint32_t first_row = 0;   // of the step, whose logits are row 0
    uint32_t n_rows = 1;
};

gpu::KernelKey sample_key(const gpu::Plan& plan);

Status record_sample(gpu::Device& device, gpu::Recorder& recorder, const SampleArgs& args);

}  // namespace alv::ops
