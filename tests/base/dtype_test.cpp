// The reference here is written element by element from the published layouts (ggml-common.h and
// the GGUF documentation): where in its block are the bits of element i, and what is its scale.
// It shares no code and no loop order with runtime/base/dequantize.cpp.
#include "base/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace alv {
namespace {

using Block = const uint8_t*;

unsigned bits_of(Block b, size_t first_bit, unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i) {
        const size_t bit = first_bit + i;
        value |= static_cast<unsigned>((b[bit / 8] >> (bit % 8)) & 1) << i;
    }
    return value;
}

double half_at(Block b, size_t byte) {
    return half_to_float(static_cast<uint16_t>(bits_of(b, byte * 8, 16)));
}

double signed_byte(Block b, size_t byte) {
    const int value = b[byte];
    return value < 128 ? value : value - 256;
}

// Element i of a 32-block whose nibbles begin at byte qs: the first 16 are low nibbles.
unsigned nibble(Block b, size_t qs, size_t i) {
    return bits_of(b, (qs + i % 16) * 8 + (i / 16) * 4, 4);
}

// The six-bit scale (first 8) or minimum (last 8) of group g: the low ones lie in the low six bits
// of bytes 0..7; of groups 4..7 four bits lie in byte 8 + g - 4 and two atop bytes 0..7.
unsigned k_scale(Block scales, size_t group, bool minimum) {
    if (group < 4) return bits_of(scales, (group + (minimum ? 4 : 0)) * 8, 6);
    const unsigned low = bits_of(scales, (8 + group - 4) * 8 + (minimum ? 4 : 0), 4);
    const unsigned high = bits_of(scales, (group - 4 + (minimum ? 4 : 0)) * 8 + 6, 2);
    return low | (high << 4);
}

// Element i of a 256-block whose nibbles begin at byte qs: 64 elements share 32 bytes.
unsigned k_nibble(Block b, size_t qs, size_t i) {
    return bits_of(b, (qs + (i / 64) * 32 + i % 32) * 8 + ((i / 32) % 2) * 4, 4);
}

double reference(DType type, Block b, size_t i) {
    switch (type) {
        case DType::kF32:
            return std::bit_cast<float>(bits_of(b, 0, 32));
        case DType::kF16:
            return half_at(b, 0);
        case DType::kBF16:
            return std::bit_cast<float>(bits_of(b, 0, 16) << 16);
        case DType::kQ4_0:
            return half_at(b, 0) * (static_cast<int>(nibble(b, 2, i)) - 8);
        case DType::kQ4_1:
            return half_at(b, 0) * nibble(b, 4, i) + half_at(b, 2);
        case DType::kQ5_0:
            return half_at(b, 0) *
                   (static_cast<int>(nibble(b, 6, i) + 16 * bits_of(b, 2 * 8 + i, 1)) - 16);
        case DType::kQ5_1:
            return half_at(b, 0) * (nibble(b, 8, i) + 16 * bits_of(b, 4 * 8 + i, 1)) +
                   half_at(b, 2);
        case DType::kQ8_0:
            return half_at(b, 0) * signed_byte(b, 2 + i);
        case DType::kQ4_K:
            return half_at(b, 0) * k_scale(b + 4, i / 32, false) * k_nibble(b, 16, i) -
                   half_at(b, 2) * k_scale(b + 4, i / 32, true);
        case DType::kQ5_K: {
            const unsigned fifth = bits_of(b, (16 + i % 32) * 8 + i / 32, 1);
            return half_at(b, 0) * k_scale(b + 4, i / 32, false) *
                       (k_nibble(b, 48, i) + 16 * fifth) -
                   half_at(b, 2) * k_scale(b + 4, i / 32, true);
        }
        case DType::kQ6_K: {
            const size_t half = i / 128, in_half = i % 128;
            const unsigned low = bits_of(b, (half * 64 + in_half % 64) * 8 + (in_half / 64) * 4, 4);
            const unsigned high =
                bits_of(b, (128 + half * 32 + in_half % 32) * 8 + (in_half / 32) * 2, 2);
            return half_at(b, 208) * signed_byte(b, 192 + i / 16) *
                   (static_cast<int>(low + 16 * high) - 32);
        }
        default:
            ADD_FAILURE() << "no reference";
            return 0;
    }
}

constexpr DType kSupported[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ4_0,
                                DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                DType::kQ4_K, DType::kQ5_K, DType::kQ6_K};

// Where a block keeps its half-precision scales: those are made finite, the rest is any byte.
std::vector<size_t> half_offsets(DType type) {
    switch (type) {
        case DType::kQ4_1:
        case DType::kQ5_1:
        case DType::kQ4_K:
        case DType::kQ5_K:
            return {0, 2};
        case DType::kQ6_K:
            return {208};
        case DType::kF32:
        case DType::kBF16:
            return {};
        default:
            return {0};
    }
}

class Dequantize : public testing::TestWithParam<DType> {};

TEST_P(Dequantize, EqualsTheLayoutElementByElement) {
    const DTypeTraits& traits = dtype_traits(GetParam());
    std::mt19937 random(static_cast<uint32_t>(GetParam()) + 1);
    constexpr size_t kBlocks = 257;
    std::vector<uint8_t> bytes(kBlocks * traits.block_bytes);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    for (size_t block = 0; block < kBlocks; ++block) {
        for (const size_t offset : half_offsets(GetParam())) {
            const float scale = std::uniform_real_distribution<float>(-4, 4)(random);
            const uint16_t half = float_to_half(scale);
            std::memcpy(&bytes[block * traits.block_bytes + offset], &half, 2);
        }
    }
    const size_t n = kBlocks * traits.block_elements;
    std::vector<float> out(n + 1, 12345.0F);
    ASSERT_TRUE(dequantize_row(GetParam(), bytes.data(), out.data(), n));
    EXPECT_EQ(out[n], 12345.0F) << "wrote past the end";
    for (size_t i = 0; i < n; ++i) {
        const Block block = &bytes[i / traits.block_elements * traits.block_bytes];
        const double expected = reference(GetParam(), block, i % traits.block_elements);
        if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(out[i])) << i;
        } else if (std::isinf(expected)) {
            ASSERT_EQ(static_cast<double>(out[i]), expected) << i;
        } else {
            // Two float roundings of a sum: relative to its greater part, a minimum below 4 * 63.
            ASSERT_NEAR(out[i], expected, 1e-6 * (std::abs(expected) + 512)) << i;
        }
    }
}

TEST_P(Dequantize, RefusesHalfABlock) {
    const DTypeTraits& traits = dtype_traits(GetParam());
    std::vector<uint8_t> bytes(2 * traits.block_bytes);
    std::vector<float> out(2 * traits.block_elements);
    EXPECT_TRUE(dequantize_row(GetParam(), bytes.data(), out.data(), 0));
    if (traits.block_elements == 1) return;
    EXPECT_FALSE(dequantize_row(GetParam(), bytes.data(), out.data(), traits.block_elements + 1));
}

std::string name_of(const testing::TestParamInfo<DType>& info) {
    return std::string(dtype_traits(info.param).name);
}
INSTANTIATE_TEST_SUITE_P(Types, Dequantize, testing::ValuesIn(kSupported), name_of);

// Values worked out by hand from the layout, against a slip that code and reference might share.
TEST(DequantizeByHand, Q4_1) {
    std::vector<uint8_t> block(20, 0);
    const uint16_t d = float_to_half(0.5F), m = float_to_half(-2.0F);
    std::memcpy(&block[0], &d, 2);
    std::memcpy(&block[2], &m, 2);
    block[4] = 0xF3;  // element 0 is 3, element 16 is 15
    float out[32];
    ASSERT_TRUE(dequantize_row(DType::kQ4_1, block.data(), out, 32));
    EXPECT_EQ(out[0], -0.5F);
    EXPECT_EQ(out[16], 5.5F);
    EXPECT_EQ(out[1], -2.0F);
}

TEST(DequantizeByHand, Q6_K) {
    std::vector<uint8_t> block(210, 0);
    const uint16_t d = float_to_half(2.0F);
    std::memcpy(&block[208], &d, 2);
    block[0] = 0x21;  // low bits: element 0 is 1, element 64 is 2
    block[128] =
        0x03 | 0x10;        // high bits: element 0 is 3 (=> 49 - 32), element 64 is 1 (=> 18 - 32)
    block[192] = 3;         // scale of elements 0..15
    block[192 + 4] = 0xFF;  // scale of elements 64..79: -1
    float out[256];
    ASSERT_TRUE(dequantize_row(DType::kQ6_K, block.data(), out, 256));
    EXPECT_EQ(out[0], 2.0F * 3 * 17);
    EXPECT_EQ(out[64], 2.0F * -1 * -14);
    EXPECT_EQ(out[1], 2.0F * 3 * -32);
}

TEST(DType, TableIsWholeAndConsistent) {
    int known = 0;
    for (uint32_t number = 0; number < 1000; ++number) {
        const auto traits = dtype_traits(number);
        if (!traits) continue;
        ++known;
        EXPECT_EQ(static_cast<uint32_t>(traits->type), number);
        EXPECT_FALSE(traits->name.empty());
        EXPECT_GT(traits->block_elements, 0U);
        EXPECT_GT(traits->block_bytes, 0U);
        EXPECT_EQ(dtype_traits(traits->type).name, traits->name);
    }
    EXPECT_EQ(known, 32);  // the enumerators of DType
    for (const uint32_t removed : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 40U, UINT32_MAX}) {
        EXPECT_FALSE(dtype_traits(removed).has_value()) << removed;
    }
}

// Bits per weight as the formats are published under.
TEST(DType, BitsPerWeight) {
    const auto bits = [](DType type) {
        const DTypeTraits& t = dtype_traits(type);
        return 8.0 * t.block_bytes / t.block_elements;
    };
    EXPECT_EQ(bits(DType::kQ4_0), 4.5);
    EXPECT_EQ(bits(DType::kQ4_1), 5.0);
    EXPECT_EQ(bits(DType::kQ5_0), 5.5);
    EXPECT_EQ(bits(DType::kQ5_1), 6.0);
    EXPECT_EQ(bits(DType::kQ8_0), 8.5);
    EXPECT_EQ(bits(DType::kQ2_K), 2.625);
    EXPECT_EQ(bits(DType::kQ3_K), 3.4375);
    EXPECT_EQ(bits(DType::kQ4_K), 4.5);
    EXPECT_EQ(bits(DType::kQ5_K), 5.5);
    EXPECT_EQ(bits(DType::kQ6_K), 6.5625);
    EXPECT_EQ(bits(DType::kIQ2_XXS), 2.0625);
    EXPECT_EQ(bits(DType::kIQ2_XS), 2.3125);
    EXPECT_EQ(bits(DType::kIQ3_XXS), 3.0625);
    EXPECT_EQ(bits(DType::kIQ1_S), 1.5625);
    EXPECT_EQ(bits(DType::kIQ1_M), 1.75);
    EXPECT_EQ(bits(DType::kIQ4_NL), 4.5);
    EXPECT_EQ(bits(DType::kIQ4_XS), 4.25);
    EXPECT_EQ(bits(DType::kIQ3_S), 3.4375);
    EXPECT_EQ(bits(DType::kIQ2_S), 2.5625);
    EXPECT_EQ(bits(DType::kTQ1_0), 1.6875);
    EXPECT_EQ(bits(DType::kTQ2_0), 2.0625);
    EXPECT_EQ(bits(DType::kMXFP4), 4.25);
}

TEST(DType, UnsupportedTypesAreRefused) {
    const std::vector<uint8_t> block(1024);
    std::vector<float> out(256);
    for (const DType type : {DType::kQ2_K, DType::kQ3_K, DType::kQ8_K, DType::kQ8_1, DType::kI32,
                             DType::kIQ4_NL, DType::kMXFP4}) {
        EXPECT_FALSE(dequantize_row(type, block.data(), out.data(), 256));
    }
}

}  // namespace
}  // namespace alv
