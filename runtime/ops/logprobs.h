// Raw log-probabilities: of the drawn token and the n best, or of each token of a scored text.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct LogprobsArgs {
    gpu::BufferView logits;  // (rows, n_vocab) f32
    gpu::BufferView step;    // shared::Step: n_top, or score_first and n_score
    gpu::BufferView answer;  // shared::Drawn (its token is read) and kMaxTop (token, logprob) pairs
    gpu::BufferView targets;  // (tokens) u32: the token after each token of the step
    gpu::BufferView scores;   // (tokens) f32
    uint32_t n_vocab = 0;
};

gpu::KernelKey logprobs_key(const gpu::Plan& plan);

Status record_logprobs(gpu::Device& device, gpu::Recorder& recorder, const LogprobsArgs& args,
                       uint32_t n_rows);

}  // namespace alv::ops
