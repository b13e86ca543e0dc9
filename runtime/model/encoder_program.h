// Records the forward pass of an encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "gpu/device.h"
#include "model/encoder_buffers.h"
#include "model/model.h"
#include "model/weights.h"

namespace alv::model {

// A pass over `n_blocks` blocks of tokens. A segment is one block through half a layer, so that a
// submit can be as short as a decoder's; the last one pools.
Result<std::unique_ptr<gpu::Program>> record_encoder(const Model& model,
                                                     const EncoderBuffers& buffers,
                                                     const EncoderSizes& sizes, uint32_t n_blocks);

// Its pipelines, so that they can be made in parallel.
std::vector<gpu::KernelKey> encoder_keys(const gpu::Plan& plan, const HParams& hparams,
                                         const WeightPlan& weights);

}  // namespace alv::model
