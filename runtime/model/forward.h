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

namespace alv::model {

// A recorded pass. Its segments are the slices of a submit: layers first, then head, draw, report.
struct ForwardProgram {
    std::unique_ptr<gpu::Program> program;
    uint32_t max_tokens = 0;
    uint32_t n_layer_segments = 0;
    uint32_t head_segment = 0;    // logits of the last token
    uint32_t draw_segment = 0;    // sample
    uint32_t report_segment = 0;  // log-probabilities
};

struct ForwardContext {
    const Model* model = nullptr;
    const KvPool* kv = nullptr;
    const StepBuffers* buffers = nullptr;
};

// `columns` tokens share a pass over a weight: 1 for decode.
Result<ForwardProgram> record_forward(const ForwardContext& context, uint32_t columns,
                                      uint32_t max_tokens);

// Logits of kScoreRows tokens of the step, and the log-probabilities of their targets.
Result<std::unique_ptr<gpu::Program>> record_score(const ForwardContext& context,
                                                   const gpu::BufferView& logits);

// The pipelines of both, so that they can be made in parallel.
std::vector<gpu::KernelKey> forward_keys(const gpu::Plan& plan, const HParams& hparams,
                                         const WeightPlan& weights, uint32_t prefill_tokens);

}  // namespace alv::model
