// A lost device, injected: it fails what is in flight, is rebuilt, and the session goes on with the
// same tokens.
#include "abi/gpu_host.h"

namespace alv::test {
namespace {

class LostDevice : public testing::TestWithParam<const char*> {};

TEST_P(LostDevice, IsRebuiltAndTheSessionGoesOnWithTheSameTokens) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    const Reply before = host.reply(some_prompt(90), 8);
    ASSERT_EQ(before.tokens.size(), 8u);

    host.faults->fail_from(GetParam(), 2, kVkDeviceLost);
    const Reply lost = host.reply(some_prompt(90), 8);
    EXPECT_EQ(lost.failed, ALV_STATUS_DEVICE_LOST);
    EXPECT_EQ(host.reply(some_prompt(90), 8).failed, ALV_STATUS_DEVICE_LOST);
    EXPECT_NE(host.failure.message().find("alv_runtime_rebuild"), std::string::npos)
        << host.failure.message();
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    ASSERT_EQ(alv_runtime_get_info(host.runtime, &info, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(info.device_lost, 1u);

    host.faults->set({});
    ASSERT_EQ(alv_runtime_rebuild(host.runtime, nullptr, host.failure.out()), ALV_STATUS_OK)
        << host.failure.message();
    const Reply after = host.reply(some_prompt(90), 8);
    EXPECT_EQ(after.failed, ALV_STATUS_OK) << host.failure.message();
    EXPECT_EQ(after.tokens, before.tokens);
}

INSTANTIATE_TEST_SUITE_P(Calls, LostDevice, testing::Values("vkQueueSubmit", "vkWaitSemaphores"));

TEST(LostDeviceInLoad, FailsTheLoadAndARebuildLoadsIt) {
    GpuHost host;
    host.faults->fail_from("vkQueueSubmit", 1, kVkDeviceLost);
    EXPECT_EQ(host.load(), ALV_STATUS_DEVICE_LOST);
    host.faults->set({});
    ASSERT_EQ(alv_runtime_rebuild(host.runtime, nullptr, nullptr), ALV_STATUS_OK);
    ASSERT_EQ(alv_model_wait(host.model, kLong, host.failure.out()), ALV_STATUS_OK)
        << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    EXPECT_EQ(host.reply(some_prompt(10), 3).tokens.size(), 3u);
}

TEST(LostDeviceTwice, IsRebuiltTwice) {
    GpuHost host(ALV_RUNTIME_HOST_STEPPED);
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    const Reply before = host.reply(some_prompt(20), 4);
    for (int round = 0; round < 2; ++round) {
        host.faults->fail_from("vkQueueSubmit", 1, kVkDeviceLost);
        EXPECT_EQ(host.reply(some_prompt(20), 4).failed, ALV_STATUS_DEVICE_LOST);
        host.faults->set({});
        ASSERT_EQ(alv_runtime_rebuild(host.runtime, nullptr, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(host.reply(some_prompt(20), 4).tokens, before.tokens);
    }
}

TEST(LostDeviceForGood, EverythingCanStillBeReleased) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    host.faults->fail_from("vkQueueSubmit", 1, kVkDeviceLost);
    EXPECT_EQ(host.reply(some_prompt(20), 4).failed, ALV_STATUS_DEVICE_LOST);
}

}  // namespace
}  // namespace alv::test
