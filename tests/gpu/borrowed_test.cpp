// On a device that the host made and keeps using.
#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "gpu/gpu_test.h"
#include "gpu/host_game.h"

namespace alv::gpu {
namespace {

constexpr uint32_t kWords = 256;

DeviceOptions options_for(HostGame& game) {
    DeviceOptions options = test_options();
    options.borrowed = game.borrow();
    return options;
}

// Uploads, runs, downloads.
void use(Device& device) {
    const BufferView from = make_buffer(device, Domain::kScratch, kWords);
    const BufferView to = make_buffer(device, Domain::kScratch, kWords);
    ASSERT_TRUE(write_words(device, from, std::vector<uint32_t>(kWords, 3)).ok());
    const auto recorder = device.record("borrowed");
    recorder->dispatch(get_kernel(device, "scale"), {from, to}, ScalePush{4, 1, kWords},
                       kWords / 64);
    const auto program = recorder->finish();
    ASSERT_TRUE(program.ok()) << program.status().message();
    const Status status = run(device, **program);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(read_words(device, to), std::vector<uint32_t>(kWords, 13));
}

TEST(Borrowed, WorksAndLeavesTheDeviceToTheHost) {
    HostGame game;
    for (int i = 0; i < 2; ++i) {
        const auto device = open_device(options_for(game));
        ASSERT_NE(device, nullptr);
        use(*device);
    }
    // The host goes on with its own.
    EXPECT_EQ(game.call<PFN_vkDeviceWaitIdle>("vkDeviceWaitIdle")(game.device), VK_SUCCESS);
}

TEST(Borrowed, SubmitsOnlyUnderTheHostsLock) {
    HostGame game;
    DeviceOptions options = options_for(game);
    int n_submits = 0;
    bool waited_locked = false;
    options.fault = [&](const char* call) {
        const std::string_view name = call;
        if (name == "vkQueueSubmit") {
            ++n_submits;
            EXPECT_TRUE(game.locked);
        }
        // Waiting under the lock would stop the host's frames.
        if (name == "vkWaitSemaphores" && game.locked) waited_locked = true;
        return 0;
    };
    {
        const auto device = open_device(options);
        ASSERT_NE(device, nullptr);
        use(*device);
    }
    EXPECT_GE(n_submits, 2);
    EXPECT_EQ(game.n_locks, n_submits);
    EXPECT_EQ(game.n_unlocks, n_submits);
    EXPECT_FALSE(waited_locked);
}

TEST(Borrowed, TheHostSubmitsBesideIt) {
    HostGame game;
    const auto device = open_device(options_for(game));
    ASSERT_NE(device, nullptr);
    const BorrowedDevice handles = game.borrow();
    std::atomic<bool> stop = false;
    std::thread host([&] {
        const auto submit = game.call<PFN_vkQueueSubmit>("vkQueueSubmit");
        while (!stop) {
            handles.lock_queue();
            EXPECT_EQ(submit(game.queue, 0, nullptr, VK_NULL_HANDLE), VK_SUCCESS);
            handles.unlock_queue();
            std::this_thread::yield();
        }
    });
    for (int i = 0; i < 20; ++i) use(*device);
    stop = true;
    host.join();
}

TEST(Borrowed, SubmitsAreCutForFrames) {
    HostGame game;
    DeviceOptions options = options_for(game);
    EXPECT_EQ(open_device(options)->plan().submit_budget_us, 8000U);
    options.plan.submit_budget_us = 3000;
    EXPECT_EQ(open_device(options)->plan().submit_budget_us, 3000U);
    EXPECT_EQ(open_device()->plan().submit_budget_us, 20000U);
}

TEST(Borrowed, CapsAreWhatWasEnabledNotWhatIsOffered) {
    HostGame game;
    const auto own = open_device();
    const auto borrowed = open_device(options_for(game));
    ASSERT_NE(borrowed, nullptr);
    EXPECT_FALSE(borrowed->caps().storage_16bit);
    EXPECT_FALSE(borrowed->caps().int64);
    EXPECT_FALSE(borrowed->caps().memory_budget);
    EXPECT_TRUE(borrowed->caps().timeline_semaphore);
    EXPECT_EQ(borrowed->caps().device_name, own->caps().device_name);
    EXPECT_EQ(borrowed->caps().api_version, VK_API_VERSION_1_2);
}

TEST(Borrowed, WithoutTimelineSemaphoresItSaysWhatToEnable) {
    HostGame game(false);
    const auto device = Device::create(options_for(game), nullptr);
    EXPECT_EQ(device.status().code(), Code::kUnsupported);
    EXPECT_NE(device.status().message().find("timelineSemaphore"), std::string::npos);
    DeviceOptions options = options_for(game);
    options.borrowed->enabled_features = nullptr;
    EXPECT_EQ(Device::create(options, nullptr).status().code(), Code::kUnsupported);
}

TEST(Borrowed, MisuseIsRefused) {
    HostGame game;
    const auto code_with = [&](const auto& change) {
        DeviceOptions options = options_for(game);
        change(*options.borrowed);
        return Device::create(options, nullptr).status().code();
    };
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.instance = nullptr; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.physical_device = nullptr; }),
              Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.device = nullptr; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.queue = nullptr; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.unlock_queue = nullptr; }),
              Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.queue_family = 99; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](BorrowedDevice& b) { b.api_version = VK_API_VERSION_1_1; }),
              Code::kUnsupported);
}

TEST(Borrowed, AThrowingLockIsAnErrorAndNothingIsSubmitted) {
    HostGame game;
    DeviceOptions options = options_for(game);
    bool throws = false;
    const auto lock = options.borrowed->lock_queue;
    options.borrowed->lock_queue = [&, lock] {
        if (throws) throw std::runtime_error("the render thread is gone");
        lock();
    };
    const auto device = open_device(options);
    ASSERT_NE(device, nullptr);
    const auto program = device->record("empty")->finish();
    ASSERT_TRUE(program.ok());
    throws = true;
    EXPECT_EQ(device->submit(**program, 0, 1).status().code(), Code::kCallbackFailed);
    throws = false;
    use(*device);
}

TEST(Borrowed, ALostOneIsTheHostsToReplace) {
    leak_on_purpose();
    HostGame game;
    DeviceOptions options = options_for(game);
    bool lose = false;
    options.fault = [&](const char* call) {
        return lose && std::string_view(call) == "vkQueueSubmit" ? VK_ERROR_DEVICE_LOST : 0;
    };
    auto device = open_device(options);
    ASSERT_NE(device, nullptr);
    const auto program = device->record("empty")->finish();
    ASSERT_TRUE(program.ok());
    lose = true;
    EXPECT_EQ(device->submit(**program, 0, 1).status().code(), Code::kDeviceLost);
    EXPECT_TRUE(device->lost());
    EXPECT_EQ(game.n_locks, game.n_unlocks) << "the lock is given back";
    game.abandoned = true;
}

// The driver's entry points with two replaced: what VK_EXT_memory_budget reports, and which names
// are asked for. Plain functions, so what they answer is global.
struct Mock {
    PFN_vkGetInstanceProcAddr get = nullptr;
    PFN_vkGetDeviceProcAddr get_device = nullptr;
    PFN_vkGetPhysicalDeviceMemoryProperties2 memory = nullptr;
    uint64_t heap_bytes = 0;
    uint64_t budget = 0;
    uint64_t usage = 0;
    std::set<std::string> names;
};
Mock g_mock;

VKAPI_ATTR void VKAPI_CALL mock_memory(VkPhysicalDevice device,
                                       VkPhysicalDeviceMemoryProperties2* out) {
    g_mock.memory(device, out);
    out->memoryProperties.memoryHeaps[0].size = g_mock.heap_bytes;
    for (auto* at = static_cast<VkBaseOutStructure*>(out->pNext); at != nullptr; at = at->pNext) {
        if (at->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) continue;
        auto* budget = reinterpret_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(at);
        budget->heapBudget[0] = g_mock.budget;
        budget->heapUsage[0] = g_mock.usage;
    }
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL mock_get_device(VkDevice device, const char* name) {
    g_mock.names.insert(name);
    return g_mock.get_device(device, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL mock_get(VkInstance instance, const char* name) {
    g_mock.names.insert(name);
    const std::string_view wanted = name;
    if (wanted == "vkGetPhysicalDeviceMemoryProperties2") {
        return reinterpret_cast<PFN_vkVoidFunction>(&mock_memory);
    }
    if (wanted == "vkGetDeviceProcAddr") {
        return reinterpret_cast<PFN_vkVoidFunction>(&mock_get_device);
    }
    return g_mock.get(instance, name);
}

class MockedBudget : public testing::Test {
  protected:
    void SetUp() override {
        g_mock = {};
        g_mock.get = game_.call<PFN_vkGetInstanceProcAddr>("vkGetInstanceProcAddr");
        g_mock.get_device = game_.call<PFN_vkGetDeviceProcAddr>("vkGetDeviceProcAddr");
        g_mock.memory = game_.call<PFN_vkGetPhysicalDeviceMemoryProperties2>(
            "vkGetPhysicalDeviceMemoryProperties2");
        g_mock.heap_bytes = 64 << 20;
        g_mock.budget = 48 << 20;
        DeviceOptions options = options_for(game_);
        options.borrowed->get_instance_proc_addr = reinterpret_cast<void*>(&mock_get);
        options.borrowed->enabled_extensions = {VK_EXT_MEMORY_BUDGET_EXTENSION_NAME};
        device_ = open_device(options);
        ASSERT_NE(device_, nullptr);
    }
    HostGame game_;
    std::shared_ptr<Device> device_;
};

TEST_F(MockedBudget, IsReportedAndClamped) {
    EXPECT_EQ(device_->memory_use().heap_bytes, 64U << 20);
    g_mock.usage = 8 << 20;
    EXPECT_EQ(device_->memory_use().budget_bytes, 40U << 20);
    g_mock.usage = 49 << 20;
    EXPECT_EQ(device_->memory_use().budget_bytes, 0U) << "usage beyond the budget does not wrap";
}

TEST_F(MockedBudget, AFullHeapNamesTheBytesAndComesBack) {
    auto first = device_->create_buffer(Domain::kKv, 40 << 20, "kv");
    ASSERT_TRUE(first.ok());
    g_mock.usage = 40 << 20;
    const auto second = device_->create_buffer(Domain::kKv, 30 << 20, "kv of session 2");
    ASSERT_EQ(second.status().code(), Code::kOutOfDeviceMemory);
    EXPECT_EQ(second.status().message().rfind(
                  "kv of session 2 (kv cache): 30.0 MiB asked, 8.0 MiB available of 64.0 MiB", 0),
              0U)
        << second.status().message();
    EXPECT_TRUE(device_->create_buffer(Domain::kKv, 20 << 20, "kv").ok()) << "the first goes on";
    *first = Buffer();
    EXPECT_TRUE(device_->create_buffer(Domain::kKv, 60 << 20, "kv").ok());
}

TEST_F(MockedBudget, NoCallThatStopsTheHostIsEvenLoaded) {
    use(*device_);
    EXPECT_TRUE(g_mock.names.contains("vkQueueSubmit"));
    for (const char* name : {"vkDeviceWaitIdle", "vkQueueWaitIdle"}) {
        EXPECT_FALSE(g_mock.names.contains(name)) << name;
    }
}

}  // namespace
}  // namespace alv::gpu
