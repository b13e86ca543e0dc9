// How quantized weights lie in device memory, and how a GGUF type comes there.
//
// Rows are grouped into tiles of 32, columns into blocks of 32. In the quant plane, a (tile, block)
// is `quads` x 8 lanes of 16 bytes: lane l holds rows 4 l .. 4 l + 3, one 32-bit component each
// (shaders/dequant_*.glsl say which bits are which k). The scale plane, 256-byte aligned behind it,
// holds `scale_bytes` a lane for each (tile, block). Consecutive lanes read consecutive 16 bytes,
// no lane reads less than 32 bits, and one load serves four rows: the layout that was fastest on
// CPU drivers and that coalesces on GPUs.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/dtype.h"
#include "base/status.h"

namespace alv::ops {

enum class WeightFormat : uint32_t {
    kQ4 = 0,  // 4 bits, scale and min: Q4_1, Q4_K (its 6-bit scales multiplied out to f16)
    kQ4S,     // 4 bits, scale: Q4_0
    kQ5,      // 5 bits, scale and min: Q5_1, Q5_K
    kQ5S,     // 5 bits, scale: Q5_0
    kQ6,      // 6 bits, two scales a block: Q6_K
    kQ8S,     // 8 bits, scale: Q8_0
    kF16,
    kBF16,
    kF32,
};
inline constexpr uint32_t kWeightFormatCount = 9;

struct WeightFormatTraits {
    WeightFormat format;
    std::string_view name;  // as in the shader manifest: "q4"
    uint32_t quads;         // 16-byte words a lane and block in the quant plane
    uint32_t scale_bytes;   // bytes a lane and block in the scale plane; 0: no plane
};

const WeightFormatTraits& weight_format_traits(WeightFormat format);

// Unsupported, naming the type, if no kernel reads it.
Result<WeightFormat> weight_format_for(DType type);

// Bytes of a chunk of `n_tiles` tiles with `k` columns (a multiple of 32).
struct ChunkLayout {
    uint64_t tile_quant_bytes = 0;
    uint64_t tile_scale_bytes = 0;
    uint64_t scales_offset = 0;  // a multiple of 256
    uint64_t size_bytes = 0;
};
ChunkLayout chunk_layout(WeightFormat format, uint64_t n_tiles, uint64_t k);

}  // namespace alv::ops
