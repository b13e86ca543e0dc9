#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/dtype.h"

namespace alv {
namespace {

// The value by the definition of binary16, in double, where every half is exact.
double value_of_half(uint32_t bits) {
    const int exponent = static_cast<int>((bits >> 10) & 0x1F);
    const double mantissa = bits & 0x3FF;
    const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == 31) {
        return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::quiet_NaN();
    }
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    return sign * std::ldexp(1024.0 + mantissa, exponent - 25);
}

bool is_nan_half(uint32_t bits) {
    return (bits & 0x7C00) == 0x7C00 && (bits & 0x3FF) != 0;
}

// The half nearest to a finite value >= 0, ties to the even pattern, by bisecting all patterns.
uint16_t nearest_half(double value) {
    uint32_t low = 0, high = 0x7C00;  // halves >= 0 are in the order of their patterns
    while (high - low > 1) {
        const uint32_t mid = (low + high) / 2;
        (value_of_half(mid) <= value ? low : high) = mid;
    }
    const double below = value - value_of_half(low);
    // Above the greatest finite half the next step would be 65536; from its middle on it is inf.
    const double above = (high == 0x7C00 ? 65536.0 : value_of_half(high)) - value;
    const bool up = above < below || (above == below && (high & 1) == 0);
    return static_cast<uint16_t>(up ? high : low);
}

TEST(Half, EveryPatternBecomesItsValue) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const float value = half_to_float(static_cast<uint16_t>(bits));
        if (is_nan_half(bits)) {
            ASSERT_TRUE(std::isnan(value)) << bits;
            continue;
        }
        ASSERT_EQ(static_cast<double>(value), value_of_half(bits)) << bits;
        ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
    }
}

TEST(Half, EveryPatternSurvivesTheRoundTrip) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const uint16_t back = float_to_half(half_to_float(static_cast<uint16_t>(bits)));
        if (is_nan_half(bits)) {
            ASSERT_TRUE(is_nan_half(back)) << bits;
            ASSERT_EQ(back & 0x8000U, bits & 0x8000U) << bits;
            continue;
        }
        ASSERT_EQ(back, bits);
    }
}

// Every boundary between neighbours: the middle, and one float step to either side of it.
TEST(Half, RoundsToNearestEvenAtEveryBoundary) {
    for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
        const double next = bits == 0x7BFF ? 65536.0 : value_of_half(bits + 1);
        const auto middle = static_cast<float>((value_of_half(bits) + next) / 2);  // exact
        for (const float value : {std::nextafter(middle, 0.0F), middle,
                                  std::nextafter(middle, std::numeric_limits<float>::max())}) {
            ASSERT_EQ(float_to_half(value), nearest_half(value)) << value;
            ASSERT_EQ(float_to_half(-value), nearest_half(value) | 0x8000) << value;
        }
    }
}

TEST(Half, ExtremesOfFloat) {
    EXPECT_EQ(float_to_half(std::numeric_limits<float>::infinity()), 0x7C00);
    EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xFC00);
    EXPECT_EQ(float_to_half(std::numeric_limits<float>::max()), 0x7C00);
    EXPECT_EQ(float_to_half(65504.0F), 0x7BFF);
    EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
    EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
    EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
    EXPECT_EQ(float_to_half(-0.0F), 0x8000);
    EXPECT_EQ(float_to_half(0x1p-25F), 0);  // the tie between 0 and the least half: even
    EXPECT_EQ(float_to_half(std::nextafter(0x1p-25F, 1.0F)), 1);
}

}  // namespace
}  // namespace alv
