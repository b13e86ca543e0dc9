#include "base/checked.h"

#include <gtest/gtest.h>

namespace alv {
namespace {

TEST(Checked, AddRefusesWhatWraps) {
    EXPECT_EQ(checked_add(UINT64_MAX - 1, 1), UINT64_MAX);
    EXPECT_EQ(checked_add(UINT64_MAX, 1), std::nullopt);
    EXPECT_EQ(checked_add(1ULL << 63, 1ULL << 63), std::nullopt);
}

TEST(Checked, MulRefusesWhatWraps) {
    EXPECT_EQ(checked_mul(0, UINT64_MAX), 0U);
    EXPECT_EQ(checked_mul(UINT64_MAX, 0), 0U);
    EXPECT_EQ(checked_mul(UINT64_MAX / 3, 3), UINT64_MAX);
    EXPECT_EQ(checked_mul(UINT64_MAX / 4 + 1, 4), std::nullopt);
    EXPECT_EQ(checked_mul(1ULL << 32, 1ULL << 32), std::nullopt);
}

TEST(Checked, AlignUpRefusesWhatWraps) {
    EXPECT_EQ(checked_align_up(0, 32), 0U);
    EXPECT_EQ(checked_align_up(1, 32), 32U);
    EXPECT_EQ(checked_align_up(32, 32), 32U);
    EXPECT_EQ(checked_align_up(UINT64_MAX - 31, 32), UINT64_MAX - 31);
    EXPECT_EQ(checked_align_up(UINT64_MAX - 30, 32), std::nullopt);
}

TEST(Checked, DivUpAndAlignUpOfAnyStep) {
    EXPECT_EQ(div_up(0, 7), 0U);
    EXPECT_EQ(div_up(7, 7), 1U);
    EXPECT_EQ(div_up(8, 7), 2U);
    EXPECT_EQ(align_up(8, 7), 14U);
}

}  // namespace
}  // namespace alv
