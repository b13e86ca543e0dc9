// repack: every weight comes back from the layout as its GGUF block says, padding as zero.
#include "ops/repack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

// Reads weight (row, k) of a tile from the planes: an independent statement of the layout.
float weight_at(WeightFormat format, const std::vector<uint8_t>& quants,
                const std::vector<uint8_t>& scales, uint32_t row, uint32_t k) {
    const WeightFormatTraits& traits = weight_format_traits(format);
    const uint32_t block = k / 32;
    const uint32_t in = k % 32;
    const auto word = [&](uint32_t quad) {
        uint32_t bits;
        std::memcpy(&bits, &quants[((size_t{block} * traits.quads + quad) * 32 + row) * 4], 4);
        return bits;
    };
    const auto half = [&](size_t at) {
        uint16_t bits;
        std::memcpy(&bits, &scales[at], 2);
        return half_to_float(bits);
    };
    const size_t single = (size_t{block} * 32 + row) * 2;
    const uint32_t nibble = traits.quads < 8 ? word(in / 8) >> (4 * (in % 8)) & 15u : 0;
    const uint32_t fifth =
        format == WeightFormat::kQ5 || format == WeightFormat::kQ5S ? (word(4) >> in & 1u) << 4 : 0;
    switch (format) {
        case WeightFormat::kQ4S:
            return half(single) * (static_cast<float>(nibble) - 8);
        case WeightFormat::kQ5S:
            return half(single) * (static_cast<float>(nibble | fifth) - 16);
        case WeightFormat::kQ4:
        case WeightFormat::kQ5:
            return half(single * 2) * static_cast<float>(nibble | fifth) + half(single * 2 + 2);
        case WeightFormat::kQ6: {
            const uint32_t high = word(4 + in / 16) >> (2 * (in % 16)) & 3u;
            return half(single * 2 + in / 16 * 2) * (static_cast<float>(nibble | high << 4) - 32);
        }
        case WeightFormat::kQ8S:
            return half(single) *
                   static_cast<float>(static_cast<int8_t>(word(in / 4) >> (8 * (in % 4))));
        case WeightFormat::kF16:
            return half_to_float(static_cast<uint16_t>(word(in / 2) >> (16 * (in % 2))));
        case WeightFormat::kBF16: {
            const uint32_t bits = word(in / 2) >> (16 * (in % 2)) << 16;
            float value;
            std::memcpy(&value, &bits, 4);
            return value;
        }
        case WeightFormat::kF32: {
            const uint32_t bits = word(in);
            float value;
            std::memcpy(&value, &bits, 4);
            return value;
        }
    }
    return NAN;
}

}  // namespace

TEST(Repack, KeepsEveryWeightAndPadsWithZero) {
    constexpr uint32_t kRows = 21;
    constexpr uint32_t kK = 512;
    for (const DType type : kWeightTypes) {
        const auto blocks = random_blocks(type, kRows, kK, 11);
        const auto dense = dequantized(type, blocks, kRows, kK);
        const WeightFormat format = *weight_format_for(type);
        const ChunkLayout layout = chunk_layout(format, 1, kK);
        std::array<const uint8_t*, 32> rows{};
        for (uint32_t r = 0; r < kRows; ++r) rows[r] = blocks.data() + blocks.size() / kRows * r;
        std::vector<uint8_t> quants(layout.tile_quant_bytes, 0xcc);
        std::vector<uint8_t> scales(layout.tile_scale_bytes, 0xcc);
        repack_tile(type, rows, kK, quants, scales);
        // K-quants round their products of scales to f16: half of 2^-10 of scale and of min.
        const bool rounded = type == DType::kQ4_K || type == DType::kQ5_K || type == DType::kQ6_K;
        float largest = 0;
        for (const float value : dense) largest = std::max(largest, std::abs(value));
        for (uint32_t r = 0; r < 32; ++r) {
            for (uint32_t k = 0; k < kK; ++k) {
                const float got = weight_at(format, quants, scales, r, k);
                const float want = r < kRows ? dense[size_t{r} * kK + k] : 0.0f;
                ASSERT_NEAR(got, want, rounded ? largest * 1e-3f : 1e-6f)
                    << dtype_traits(type).name << " row " << r << " k " << k;
            }
        }
    }
}

TEST(Repack, RefusesTypesWithoutAKernelByName) {
    for (const DType type : {DType::kQ2_K, DType::kIQ2_XXS, DType::kI32, DType::kF64}) {
        const auto format = weight_format_for(type);
        ASSERT_FALSE(format.ok());
        EXPECT_EQ(format.status().code(), Code::kUnsupported);
        EXPECT_NE(format.status().message().find(dtype_traits(type).name), std::string::npos);
    }
}

TEST(Repack, ScalePlaneIsAlignedForBinding) {
    for (uint32_t f = 0; f < kWeightFormatCount; ++f) {
        const auto layout = chunk_layout(static_cast<WeightFormat>(f), 3, 96);
        EXPECT_EQ(layout.scales_offset % 256, 0u);
        EXPECT_EQ(layout.size_bytes, layout.scales_offset + 3 * layout.tile_scale_bytes);
    }
}

}  // namespace alv::ops::test
