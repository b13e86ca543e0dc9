// Rows of GGUF blocks -> one tile of the layout in weight_format.h. Lossless but for K-quants,
// whose 6-bit block scales are multiplied out and rounded to f16.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "ops/weight_format.h"

namespace alv::ops {

// `rows[r]` points to the blocks of row r of the tile, nullptr for a row of zeros. `k` is a
// multiple of 32 and of the block of `type`. `quants` and `scales` have the sizes of chunk_layout.
void repack_tile(DType type, const std::array<const uint8_t*, 32>& rows, uint64_t k,
                 std::span<uint8_t> quants, std::span<uint8_t> scales);

}  // namespace alv::ops
