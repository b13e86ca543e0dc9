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
    double us_tail = 0;       // of head, draw and report of up to logit_rows rows
};

struct StepProgram : ForwardProgram {
    SegmentCost cost;
};

struct DecoderState {
    std::shared_ptr<const Model> model;
    std::shared_ptr<KvPool> kv;
    StepBuffers buffers;
    StepSizes sizes;
    StepProgram decode;
    StepProgram prefill;
    std::vector<StepProgram> batches;     // by the number of sequences, least first
    std::unique_ptr<gpu::Program> score;  // made when a text is first scored
    bool step_in_flight = false;

    gpu::Device& device() const { return *model->device(); }
};

// Checks the requests, makes room in the cache and writes the step buffers.
Status write_step(DecoderState& state, std::span<const StepRequest> requests);

Result<std::unique_ptr<Step>> begin_step(const std::shared_ptr<DecoderState>& state,
                                         std::span<const StepRequest> requests);

}  // namespace alv::model
