#include "ops/weight_format.h"

#include <array>
#include <string>

#include "base/checked.h"

namespace alv::ops {

namespace {

constexpr std::array<WeightFormatTraits, kWeightFormatCount> kTraits{{
    {WeightFormat::kQ4, "q4", 4, 16},
    {WeightFormat::kQ4S, "q4s", 4, 8},
    {WeightFormat::kQ5, "q5", 5, 16},
    {WeightFormat::kQ5S, "q5s", 5, 8},
    {WeightFormat::kQ6, "q6", 6, 16},
    {WeightFormat::kQ8S, "q8s", 8, 8},
    {WeightFormat::kF16, "f16", 16, 0},
    {WeightFormat::kBF16, "bf16", 16, 0},
    {WeightFormat::kF32, "f32", 32, 0},
}};

}  // namespace

const WeightFormatTraits& weight_format_traits(WeightFormat format) {
    return kTraits[static_cast<uint32_t>(format)];
}

Result<WeightFormat> weight_format_for(DType type) {
    switch (type) {
        case DType::kQ4_0:
            return WeightFormat::kQ4S;
        case DType::kQ4_1:
        case DType::kQ4_K:
            return WeightFormat::kQ4;
        case DType::kQ5_0:
            return WeightFormat::kQ5S;
        case DType::kQ5_1:
        case DType::kQ5_K:
            return WeightFormat::kQ5;
        case DType::kQ6_K:
            return WeightFormat::kQ6;
        case DType::kQ8_0:
            return WeightFormat::kQ8S;
        case DType::kF16:
            return WeightFormat::kF16;
        case DType::kBF16:
            return WeightFormat::kBF16;
        case DType::kF32:
            return WeightFormat::kF32;
        default:
            break;
    }
    return unsupported("tensor type " + std::string(dtype_traits(type).name) +
                       " has no kernel; use Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0, F16, "
                       "BF16 or F32");
}

ChunkLayout chunk_layout(WeightFormat format, uint64_t n_tiles, uint64_t k) {
    const WeightFormatTraits& traits = weight_format_traits(format);
    const uint64_t n_blocks = k / 32;
    ChunkLayout layout;
    layout.tile_quant_bytes = n_blocks * traits.quads * 8 * 16;
    layout.tile_scale_bytes = n_blocks * traits.scale_bytes * 8;
    layout.scales_offset = align_up(layout.tile_quant_bytes * n_tiles, 256);
    layout.size_bytes = layout.scales_offset + layout.tile_scale_bytes * n_tiles;
    return layout;
}

}  // namespace alv::ops
