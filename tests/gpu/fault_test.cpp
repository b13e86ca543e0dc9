// Every Vulkan call that can fail does so once, in each way: the error is clean, nothing leaks
// (under AddressSanitizer), and the process goes on.
#include <atomic>
#include <map>

#include "gpu/gpu_test.h"
#include "gpu/vk.h"

namespace alv::gpu {
namespace {

constexpr uint32_t kWords = 256;

// Fails the n-th call from now on.
struct Injector {
    std::atomic<int> n_calls = 0;
    int fail_at = -1;
    VkResult result = VK_SUCCESS;
    std::atomic<bool> armed = true;
    std::atomic<bool> fired = false;
    std::string failed_call;

    FaultHook hook() {
        return [this](const char* call) -> int32_t {
            if (!armed || n_calls++ != fail_at) return 0;
            fired = true;
            failed_call = call;
            return result;
        };
    }
};

// All that the layers above do with a device.
Status use_all(Device& device) {
    const std::vector<KernelKey> keys{{"scale", {64}}, {"add_one", {64}}};
    ALV_RETURN_IF_ERROR(device.prepare(keys, {}));
    ALV_ASSIGN_OR_RETURN(const Kernel* const scale, device.kernel({"scale", {32}}));
    ALV_ASSIGN_OR_RETURN(const Kernel* const copy_texels, device.kernel({"copy_texels", {}}));
    ALV_ASSIGN_OR_RETURN(const Buffer from,
                         device.create_buffer(Domain::kWeights, kWords * 4, "from"));
    ALV_ASSIGN_OR_RETURN(const Buffer to,
                         device.create_buffer(Domain::kReadback, kWords * 4, "to"));
    ALV_ASSIGN_OR_RETURN(const Buffer copy,
                         device.create_buffer(Domain::kScratch, kWords * 4, "copy"));
    ALV_RETURN_IF_ERROR(write_words(device, from, std::vector<uint32_t>(kWords, 5)));
    const auto recorder = device.record("all");
    recorder->dispatch(scale, {from, to}, ScalePush{3, 0, kWords}, kWords / 32);
    const std::vector<BufferView> texels{from, from, copy};
    recorder->dispatch(copy_texels, texels, {}, 1);
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Program> program, recorder->finish());
    ALV_RETURN_IF_ERROR(run(device, *program));
    ALV_RETURN_IF_ERROR(device.completed().status());
    ALV_RETURN_IF_ERROR(program->profile().status());
    std::vector<uint32_t> words(kWords);
    ALV_RETURN_IF_ERROR(
        device.download(to, {reinterpret_cast<uint8_t*>(words.data()), kWords * 4}));
    ALV_RETURN_IF_ERROR(device.pipeline_cache().status());
    return words == std::vector<uint32_t>(kWords, 15) ? ok_status() : internal_error("wrong words");
}

DeviceOptions options_with(Injector& injector) {
    DeviceOptions options = test_options();
    options.fault = injector.hook();
    options.profile = true;
    options.force_staging = true;
    return options;
}

Code code_of(VkResult result) {
    static const std::map<VkResult, Code> codes{
        {VK_ERROR_OUT_OF_HOST_MEMORY, Code::kOutOfHostMemory},
        {VK_ERROR_OUT_OF_DEVICE_MEMORY, Code::kOutOfDeviceMemory},
        {VK_ERROR_DEVICE_LOST, Code::kDeviceLost},
        {VK_ERROR_INITIALIZATION_FAILED, Code::kUnsupported}};
    return codes.at(result);
}

class Fault : public testing::TestWithParam<VkResult> {};
INSTANTIATE_TEST_SUITE_P(Results, Fault,
                         testing::Values(VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_DEVICE_MEMORY,
                                         VK_ERROR_DEVICE_LOST, VK_ERROR_INITIALIZATION_FAILED),
                         [](const auto& way) {
                             switch (way.param) {
                                 case VK_ERROR_OUT_OF_HOST_MEMORY:
                                     return "OutOfHostMemory";
                                 case VK_ERROR_OUT_OF_DEVICE_MEMORY:
                                     return "OutOfDeviceMemory";
                                 case VK_ERROR_DEVICE_LOST:
                                     return "DeviceLost";
                                 default:
                                     return "InitializationFailed";
                             }
                         });

int count_calls() {
    Injector injector;
    auto device = Device::create(options_with(injector), nullptr);
    EXPECT_TRUE(device.ok()) << device.status().message();
    const Status status = use_all(**device);
    EXPECT_TRUE(status.ok()) << status.message();
    *device = nullptr;
    return injector.n_calls;
}

// One failure at call `n`; the name of the call.
std::string fail_at(int n, VkResult result) {
    Injector injector;
    injector.fail_at = n;
    injector.result = result;
    auto created = Device::create(options_with(injector), nullptr);
    const Status first = created.ok() ? use_all(**created) : created.status();
    injector.armed = false;
    const std::string where = injector.failed_call + ", call " + std::to_string(n);
    EXPECT_TRUE(injector.fired || first.ok()) << where;
    if (!first.ok()) {
        EXPECT_EQ(first.code(), code_of(result)) << where << ": " << first.message();
        EXPECT_GT(first.message().size(), 20U) << where << ": " << first.message();
    }
    if (!created.ok()) return injector.failed_call;

    Device& device = **created;
    if (injector.fired && result == VK_ERROR_DEVICE_LOST) {
        EXPECT_TRUE(device.lost()) << where;
        EXPECT_EQ(use_all(device).code(), Code::kDeviceLost) << where;
        EXPECT_EQ(device.completed().status().code(), Code::kDeviceLost) << where;
        EXPECT_EQ(device.wait(0, 0).status().code(), Code::kDeviceLost) << where;
        EXPECT_FALSE(device.record("lost")->finish().ok()) << where;
    } else {
        EXPECT_FALSE(device.lost()) << where;
        const Status again = use_all(device);
        EXPECT_TRUE(again.ok()) << where << ": not usable after: " << again.message();
    }
    return injector.failed_call;
}

TEST_P(Fault, AtEveryCall) {
    if (GetParam() == VK_ERROR_DEVICE_LOST) leak_on_purpose();
    const int n_calls = count_calls();
    ASSERT_GT(n_calls, 50);
    std::map<std::string, int> failed;
    for (int n = 0; n < n_calls && !HasFailure(); ++n) ++failed[fail_at(n, GetParam())];
    // Every call of the table that returns a VkResult was met.
    for (const char* call : {"vkCreateInstance",
                             "vkEnumerateInstanceVersion",
                             "vkEnumerateInstanceExtensionProperties",
                             "vkEnumeratePhysicalDevices",
                             "vkEnumerateDeviceExtensionProperties",
                             "vkCreateDevice",
                             "vkCreateSemaphore",
                             "vkCreatePipelineCache",
                             "vkCreateDescriptorSetLayout",
                             "vkCreatePipelineLayout",
                             "vkCreateShaderModule",
                             "vkCreateComputePipelines",
                             "vkCreateBuffer",
                             "vkCreateBufferView",
                             "vkAllocateMemory",
                             "vkBindBufferMemory",
                             "vkMapMemory",
                             "vkCreateDescriptorPool",
                             "vkAllocateDescriptorSets",
                             "vkCreateCommandPool",
                             "vkAllocateCommandBuffers",
                             "vkBeginCommandBuffer",
                             "vkEndCommandBuffer",
                             "vkCreateQueryPool",
                             "vkGetQueryPoolResults",
                             "vkQueueSubmit",
                             "vkWaitSemaphores",
                             "vkGetSemaphoreCounterValue",
                             "vkGetPipelineCacheData"}) {
        EXPECT_GT(failed[call], 0) << call;
    }
    EXPECT_GT(count_calls(), 0) << "a new device works";
    EXPECT_TRUE(nothing_leaked());
}

TEST(Faults, ManyInARow) {
    // Nothing works from call n on: still only errors. What cannot be waited for is leaked.
    leak_on_purpose();
    for (const int from : {0, 3, 8, 15, 25, 40}) {
        std::atomic<int> n_calls = 0;
        DeviceOptions options = test_options();
        options.force_staging = true;
        options.fault = [&](const char*) {
            return n_calls++ >= from ? VK_ERROR_OUT_OF_HOST_MEMORY : 0;
        };
        auto device = Device::create(options, nullptr);
        EXPECT_FALSE(device.ok() && use_all(**device).ok()) << from;
    }
}

}  // namespace
}  // namespace alv::gpu
