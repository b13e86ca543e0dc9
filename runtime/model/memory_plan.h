// What a model takes, counted before it is taken.
#pragma once

#include "base/status.h"
#include "gpu/device.h"
#include "model/model.h"
#include "model/step_buffers.h"
#include "model/weights.h"

namespace alv::model {

// The kv tokens that options mean for this model.
uint32_t resolve_kv_tokens(const HParams& hparams, const LoadOptions& options);

// `separate_gate_up`: some layer's gate and up are not one gated matmul.
StepSizes step_sizes(const gpu::Plan& plan, bool separate_gate_up, uint32_t kv_tokens);

MemoryPlan make_memory_plan(const gpu::Device& device, const gguf::Reader& reader,
                            const HParams& hparams, const WeightPlan& weights, uint32_t kv_tokens);

}  // namespace alv::model
