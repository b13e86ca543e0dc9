// What self-tests found, from run to run. The bytes come from a file of the user.
#include "gpu/kernel_checks.h"

#include <gtest/gtest.h>

namespace alv::gpu {
namespace {

uint64_t hash_of(std::string_view shader) {
    return shader == "gone" ? 0 : shader.size() + 100;
}

std::vector<KernelCheck> some_checks() {
    return {{{"rope", {8}}, true, false, 0.5F, 1, 3},
            {{"attention_step", {8, 3, 64, 64, 0}}, false, false, 0.25F, 0.125F, 2},
            {{"gone", {}}, true, false, 0, 1, 1}};
}

TEST(KernelChecks, RoundTripOfWhatStillCounts) {
    const auto back = unpack_checks(pack_checks(some_checks(), hash_of), hash_of);
    ASSERT_EQ(back.size(), 2U) << "a shader that is no more says nothing";
    for (size_t i = 0; i < back.size(); ++i) {
        EXPECT_EQ(back[i].key, some_checks()[i].key);
        EXPECT_EQ(back[i].passed, some_checks()[i].passed);
        EXPECT_EQ(back[i].error, some_checks()[i].error);
        EXPECT_EQ(back[i].tolerance, some_checks()[i].tolerance);
        EXPECT_TRUE(back[i].cached);
        EXPECT_EQ(back[i].milliseconds, 0);
    }
}

TEST(KernelChecks, OtherCodeIsNotWhatWasTested) {
    const auto bytes = pack_checks(some_checks(), hash_of);
    const auto back = unpack_checks(
        bytes, [](std::string_view shader) { return hash_of(shader) + (shader == "rope"); });
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].key.shader, "attention_step");
}

TEST(KernelChecks, TruncatedAndChangedBytesAreReadWithinTheirBounds) {
    const auto bytes = pack_checks(some_checks(), hash_of);
    for (size_t i = 0; i < bytes.size(); ++i) {
        const auto part = unpack_checks(std::span(bytes).first(i), hash_of);
        EXPECT_LE(part.size(), 2U);
        for (const int flip : {1, 0x80, 0xff}) {
            auto changed = bytes;
            changed[i] = static_cast<uint8_t>(changed[i] ^ flip);
            EXPECT_LE(unpack_checks(changed, hash_of).size(), 3U);
        }
    }
    EXPECT_TRUE(unpack_checks({}, hash_of).empty());
}

TEST(KernelChecks, TheLastResultOfAKernelCounts) {
    KernelChecks checks;
    const KernelKey key{"rope", {8}};
    EXPECT_FALSE(checks.failed(key));
    EXPECT_FALSE(checks.find(key));
    checks.add({key, false, true, 1, 0, 0});
    EXPECT_TRUE(checks.failed(key));
    EXPECT_FALSE(checks.failed({"rope", {16}}));
    checks.add({key, true, false, 0, 1, 2});
    EXPECT_FALSE(checks.failed(key));
    EXPECT_EQ(checks.all().size(), 1U);
    EXPECT_EQ(name_of({"attention_step", {8, 3}}), "attention_step(8, 3)");
}

}  // namespace
}  // namespace alv::gpu
