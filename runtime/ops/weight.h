// A repacked matrix on the device: a list of row chunks, each within one storage range.
#pragma once

#include <cstdint>
#include <vector>

#include "gpu/buffer.h"
#include "ops/weight_format.h"

namespace alv::ops {

struct WeightChunk {
    WeightFormat format = WeightFormat::kF32;
    uint32_t first_row = 0;  // of the output
    uint32_t n_rows = 0;     // of the output; the last tile may be padded
    gpu::BufferView quants;
    gpu::BufferView scales;  // `quants` again where the format has no scales
};

// Output rows of a gated weight are pairs: tiles alternate gate and up, all of one format.
struct Weight {
    uint32_t n_rows = 0;
    uint32_t k = 0;
    bool gated = false;
    std::vector<WeightChunk> chunks;
};

}  // namespace alv::ops
