// The device is the host's, as a game lends it: through vulkan.h, with a lock on the queue.
#include <alviss/vulkan.h>

#include "abi/gpu_host.h"
#include "gpu/host_game.h"

namespace alv::test {
namespace {

struct Lock {
    gpu::BorrowedDevice handles;
    static void lock(void* user_data) { static_cast<Lock*>(user_data)->handles.lock_queue(); }
    static void unlock(void* user_data) { static_cast<Lock*>(user_data)->handles.unlock_queue(); }
};

alv_vulkan_device lend(gpu::HostGame& game, Lock& lock) {
    lock.handles = game.borrow();
    alv_vulkan_device lent = ALV_VULKAN_DEVICE_INIT;
    lent.instance = game.instance;
    lent.physical_device = game.physical;
    lent.device = game.device;
    lent.queue = game.queue;
    lent.api_version = VK_API_VERSION_1_2;
    lent.enabled_features = &game.features;
    lent.lock_queue = Lock::lock;
    lent.unlock_queue = Lock::unlock;
    lent.user_data = &lock;
    return lent;
}

std::vector<int32_t> reply_on(alv_runtime* runtime, const std::vector<uint8_t>& file) {
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.data = file.data();
    options.data_size = file.size();
    options.kv_tokens = 128;
    alv_model* model = nullptr;
    alv_session* session = nullptr;
    alv_generation* generation = nullptr;
    Failure failure;
    EXPECT_EQ(alv_model_open(runtime, &options, &model, failure.out()), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(model, kLong, failure.out()), ALV_STATUS_OK) << failure.message();
    EXPECT_EQ(alv_session_create(model, nullptr, &session, failure.out()), ALV_STATUS_OK);
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    how.max_tokens = 6;
    how.flags = ALV_GENERATION_IGNORE_END;
    const auto prompt = some_prompt(30);
    EXPECT_EQ(alv_session_complete_tokens(session, prompt.data(), prompt.size(), &how, &generation,
                                          failure.out()),
              ALV_STATUS_OK);
    const Reply reply = generation ? read_all(generation) : Reply();
    alv_generation_release(generation);
    alv_session_release(session);
    alv_model_release(model);
    return reply.tokens;
}

TEST(BorrowedDevice, RepliesAsAnOwnOneAndIsLeftToTheHost) {
    const auto file = model::test::tiny_model({});
    gpu::HostGame game;
    Lock lock;
    const alv_vulkan_device lent = lend(game, lock);
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.vulkan = &lent;
    alv_runtime* runtime = nullptr;
    Failure failure;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, failure.out()), ALV_STATUS_OK)
        << failure.message();
    const auto borrowed = reply_on(runtime, file);
    EXPECT_EQ(borrowed.size(), 6u);
    alv_runtime_release(runtime);
    EXPECT_GT(game.n_locks, 3);
    EXPECT_EQ(game.n_locks, game.n_unlocks);
    EXPECT_EQ(game.call<PFN_vkDeviceWaitIdle>("vkDeviceWaitIdle")(game.device), VK_SUCCESS);

    ASSERT_EQ(alv_runtime_create(nullptr, &runtime, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(reply_on(runtime, file), borrowed);
    alv_runtime_release(runtime);
}

TEST(BorrowedDevice, WithHandlesMissingOrHalfALockIsRefused) {
    gpu::HostGame game;
    Lock lock;
    const auto refused = [&](auto change) {
        alv_vulkan_device lent = lend(game, lock);
        change(lent);
        alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
        options.vulkan = &lent;
        alv_runtime* runtime = nullptr;
        EXPECT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_INVALID_ARGUMENT);
        EXPECT_EQ(runtime, nullptr);
    };
    using Device = alv_vulkan_device;
    refused([](Device& d) { d.struct_size = 7; });
    refused([](Device& d) { d.instance = nullptr; });
    refused([](Device& d) { d.physical_device = nullptr; });
    refused([](Device& d) { d.device = nullptr; });
    refused([](Device& d) { d.queue = nullptr; });
    refused([](Device& d) { d.unlock_queue = nullptr; });
    refused([](Device& d) { d.n_enabled_extensions = 1; });
}

TEST(BorrowedDevice, IsReplacedByTheHostAndOnlyByOne) {
    const auto file = model::test::tiny_model({});
    gpu::HostGame first;
    gpu::HostGame second;
    Lock locks[2];
    const alv_vulkan_device lent = lend(first, locks[0]);
    const alv_vulkan_device replacement = lend(second, locks[1]);
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.vulkan = &lent;
    alv_runtime* runtime = nullptr;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_runtime_rebuild(runtime, nullptr, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    ASSERT_EQ(alv_runtime_rebuild(runtime, &replacement, nullptr), ALV_STATUS_OK);
    const int before = first.n_locks;
    EXPECT_EQ(reply_on(runtime, file).size(), 6u);
    EXPECT_EQ(first.n_locks, before);
    EXPECT_GT(second.n_locks, 3);
    alv_runtime_release(runtime);

    ASSERT_EQ(alv_runtime_create(nullptr, &runtime, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_runtime_rebuild(runtime, &replacement, nullptr), ALV_STATUS_INVALID_ARGUMENT);
    alv_runtime_release(runtime);
}

}  // namespace
}  // namespace alv::test
