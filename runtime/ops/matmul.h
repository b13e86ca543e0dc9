// y = W x for the tokens of a step, with what surrounds it in a decoder folded in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "gpu/device.h"
#include "ops/weight.h"

namespace alv::ops {

// Which tokens of the step are multiplied.
enum class MatmulRows : uint32_t {
    kAll = 0,
    kLast = 1,    // the last one only, into row 0 of y (the head before sampling)
    kScored = 2,  // Step::score_first .. + 8, into rows 0 .. 7 (the head when a text is scored)
};

struct MatmulArgs {
    const Weight* weight = nullptr;
    gpu::BufferView x;         // (tokens, k) f32; with `norm` already times the norm's gain
    gpu::BufferView y;         // (tokens, y_stride) f32
    gpu::BufferView step;      // shared::Step
    uint32_t y_stride = 0;     // elements; 0: weight->n_rows
    uint32_t first_token = 0;  // with kAll: the token of the step that goes into row 0 of y
    MatmulRows rows = MatmulRows::kAll;
    bool gelu = false;  // gated weights: tanh GELU, else SiLU
    // RMS norm of the input: the product is divided by rms(h[t]) over k elements.
    bool norm = false;
    gpu::BufferView h;  // (tokens, k) f32: x before the gain
    float epsilon = 0;
    // Residual: y += product, and gained = y * gain for the norm that follows.
    bool add = false;
    gpu::BufferView gain;    // (n_rows) f32
    gpu::BufferView gained;  // (tokens, n_rows) f32
};

// Tokens a workgroup covers: 1 for decode, plan.matmul_columns for prefill.
gpu::KernelKey matmul_key(const gpu::Plan& plan, WeightFormat format, uint32_t columns);

// Records one dispatch a chunk for up to `max_tokens` tokens (the step says how many there are).
// Invalid argument: k not a multiple of 32, a missing buffer, a gated weight with `add`.
Status record_matmul(gpu::Device& device, gpu::Recorder& recorder, const MatmulArgs& args,
                     uint32_t columns, uint32_t max_tokens);

}  // namespace alv::ops
