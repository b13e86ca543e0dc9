// Raw log-probabilities: of the drawn token and the n best, or of each token of a scored text.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct LogprobsArgs {
    gpu::BufferView logits;  // (n_rows, n_logits) f32
    // shared::Step of every row of the step: those with n_top are reported; or score_first and
    // n_score of row 0, which are then about the rows of logits.
    gpu::BufferView step;
    gpu::BufferView answer;   // shared::Drawn a row; its token is read
    gpu::BufferView targets;  // (tokens) u32: the token after each token of the step
    gpu::BufferView scores;   // (tokens) f32
    uint32_t n_vocab = 0;
    uint32_t n_logits = 0;   // 0: n_vocab
    uint32_t first_row = 0;  // of the step, whose logits are row 0
    uint32_t n_rows = 1;
};

gpu::KernelKey logprobs_key(const gpu::Plan& plan);

Status record_logprobs(gpu::Device& device, gpu::Recorder& recorder, const LogprobsArgs& args);

}  // namespace alv::ops
