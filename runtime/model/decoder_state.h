// What a decoder and its steps share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/decoder.h"
#include "model/forward.h"
#include "model/kv_cache.h"
#include "model/step_buffers.h"

namespace alv::model {

// GPU time of a program's segments, learnt while it runs: what a submit is sized by.
struct SegmentCost {
    double us_per_token = 0;  // of one layer segment and token; 0: not known yet
    double us_tail = 0;       // of head, draw and report
};

struct DecoderState {
    std::shared_ptr<const Model> model;
    std::shared_ptr<KvPool> kv;
    StepBuffers buffers;
    ForwardProgram decode;
    ForwardProgram prefill;
    SegmentCost decode_cost;
    SegmentCost prefill_cost;
    // Made when a text is first scored.
    std::unique_ptr<gpu::Program> score;
    gpu::BufferView score_logits;
    bool step_in_flight = false;

    gpu::Device& device() const { return *model->device(); }
};

// Checks the request, makes room in the cache and writes the step buffers.
Result<std::unique_ptr<Step>> begin_step(const std::shared_ptr<DecoderState>& state,
                                         const StepRequest& request);

}  // namespace alv::model
