// Records the forward pass of any row of the architecture table.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "gpu/device.h"
#include "model/kv_cache.h"
#include "model/model.h"
#include "model/step_buffers.h"
#include "model/weights.h"
#include "ops/step_rows.h"

namespace alv::model {

// A recorded pass. Its segments are the slices of a submit: layers first; then, of one sequence,
// head, draw and report (log-probabilities), of several a segment with all three for every
// logit_rows rows.
struct ForwardProgram {
    std::unique_ptr<gpu::Program> program;
    ops::StepRows rows;
    uint32_t n_layer_segments = 0;
    uint32_t logit_rows = 0;
};

struct ForwardContext {
    const Model* model = nullptr;
    const KvPool* kv = nullptr;
    const StepBuffers* buffers = nullptr;
};

// Tokens share a pass over a weight, but for a single one.
Result<ForwardProgram> record_forward(const ForwardContext& context, const ops::StepRows& rows,
                                      uint32_t logit_rows);

// Logits of kScoreRows tokens of the step, and the log-probabilities of their targets.
Result<std::unique_ptr<gpu::Program>> record_score(const ForwardContext& context);

// The pipelines of both, so that they can be made in parallel.
std::vector<gpu::KernelKey> forward_keys(const gpu::Plan& plan, const HParams& hparams,
                                         const WeightPlan& weights, uint32_t prefill_tokens);

}  // namespace alv::model
