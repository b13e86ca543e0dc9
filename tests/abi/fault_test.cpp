// Out of device memory, injected at every allocation: a status, nothing kept, and it works
// afterwards.
#include "abi/gpu_host.h"

namespace alv::test {
namespace {

uint64_t device_bytes(const GpuHost& host) {
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    EXPECT_EQ(alv_runtime_get_info(host.runtime, &info, nullptr), ALV_STATUS_OK);
    return info.weights_bytes + info.kv_bytes;
}

TEST(Fault, OutOfMemoryAtEachAllocationOfALoad) {
    GpuHost host;
    int n = 1;
    for (; n < 1000; ++n) {
        host.faults->injected = 0;
        host.faults->fail_from("vkAllocateMemory", n, kVkOutOfDeviceMemory);
        const alv_status status = host.load();
        if (host.faults->injected == 0) {
            EXPECT_EQ(status, ALV_STATUS_OK) << host.failure.message();
            break;
        }
        EXPECT_EQ(status, ALV_STATUS_OUT_OF_DEVICE_MEMORY) << n << ": " << host.failure.message();
        EXPECT_FALSE(host.failure.message().empty());
        EXPECT_EQ(device_bytes(host), 0u) << n;
    }
    EXPECT_GT(n, 1) << "the load allocated nothing";
    EXPECT_LT(n, 1000);
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    EXPECT_EQ(host.reply(some_prompt(20), 5).tokens.size(), 5u);
}

TEST(Fault, NothingIsAllocatedForATokenOrASession) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    host.faults->injected = 0;
    host.faults->fail_from("vkAllocateMemory", 1, kVkOutOfDeviceMemory);
    EXPECT_EQ(host.reply(some_prompt(100), 8).tokens.size(), 8u);
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    EXPECT_EQ(host.reply(some_prompt(10), 3).tokens.size(), 3u);
    EXPECT_EQ(host.faults->injected, 0);
}

TEST(Fault, OutOfMemoryLeavesOtherSessionsAlone) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    const Reply before = host.reply(some_prompt(30), 6);
    host.faults->fail_from("vkAllocateMemory", 1, kVkOutOfDeviceMemory);
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.data = host.file.data();
    options.data_size = host.file.size();
    options.kv_tokens = 200'000;  // more than what is left of the first one's allocations
    alv_model* second = nullptr;
    ASSERT_EQ(alv_model_open(host.runtime, &options, &second, nullptr), ALV_STATUS_OK);
    EXPECT_NE(alv_model_wait(second, kLong, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(host.reply(some_prompt(30), 6).tokens, before.tokens);
    alv_model_release(second);
}

TEST(Fault, ASubmitThatFailsIsAnErrorOfThatReplyOnly) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    const Reply before = host.reply(some_prompt(30), 6);
    host.faults->fail_once("vkQueueSubmit", 3, -1);  // out of host memory
    EXPECT_EQ(host.reply(some_prompt(31), 6).failed, ALV_STATUS_OUT_OF_HOST_MEMORY);
    host.faults->set({});
    EXPECT_EQ(host.reply(some_prompt(30), 6).tokens, before.tokens);
}

}  // namespace
}  // namespace alv::test
