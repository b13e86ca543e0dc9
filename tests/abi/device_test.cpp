// A real device through the ABI.
#include <filesystem>

#include "abi/gpu_host.h"

namespace alv::test {
namespace {

TEST(Device, ListSaysWhatIsThereAndWhyNot) {
    alv_device_list* list = nullptr;
    Failure failure;
    ASSERT_EQ(alv_device_list_create(&list, failure.out()), ALV_STATUS_OK) << failure.message();
    const uint32_t n = alv_device_list_count(list);
    ASSERT_GT(n, 0u);
    uint32_t usable = 0;
    for (uint32_t i = 0; i < n; ++i) {
        alv_device_info info = ALV_DEVICE_INFO_INIT;
        ASSERT_EQ(alv_device_list_get(list, i, &info, nullptr), ALV_STATUS_OK);
        EXPECT_GT(info.name.size, 0u);
        EXPECT_EQ(info.usable == 0, info.refusal.size > 0) << text_of(info.name);
        usable += info.usable;
    }
    EXPECT_GT(usable, 0u);
    alv_device_info info = ALV_DEVICE_INFO_INIT;
    EXPECT_EQ(alv_device_list_get(list, n, &info, nullptr), ALV_STATUS_NOT_FOUND);
    alv_device_list_release(list);
}

TEST(Device, IsChosenByUuidAndByName) {
    alv_device_list* list = nullptr;
    ASSERT_EQ(alv_device_list_create(&list, nullptr), ALV_STATUS_OK);
    alv_device_info info = ALV_DEVICE_INFO_INIT;
    ASSERT_EQ(alv_device_list_get(list, 0, &info, nullptr), ALV_STATUS_OK);
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.device_uuid = info.uuid;
    options.device_name = info.name;
    alv_runtime* runtime = nullptr;
    Failure failure;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, failure.out()), ALV_STATUS_OK)
        << failure.message();
    alv_device_info mine = ALV_DEVICE_INFO_INIT;
    ASSERT_EQ(alv_runtime_get_device_info(runtime, &mine, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(text_of(mine.name), text_of(info.name));
    EXPECT_GT(mine.tier.size, 0u);
    alv_runtime_release(runtime);

    options.device_name = alv_str("no such device");
    EXPECT_EQ(alv_runtime_create(&options, &runtime, failure.out()), ALV_STATUS_NOT_FOUND)
        << failure.message();
    const uint8_t nobody[16] = {1, 2, 3};
    options.device_name = alv_string ALV_STRING_INIT;
    options.device_uuid = nobody;
    EXPECT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_NOT_FOUND);
    alv_device_list_release(list);
}

TEST(Device, MemoryIsPlannedAndTakenAndGivenBack) {
    GpuHost host;
    alv_model_options options = ALV_MODEL_OPTIONS_INIT;
    options.data = host.file.data();
    options.data_size = host.file.size();
    options.kv_tokens = 256;
    alv_memory_plan plan = ALV_MEMORY_PLAN_INIT;
    ASSERT_EQ(alv_memory_plan_query(host.runtime, &options, &plan, host.failure.out()),
              ALV_STATUS_OK)
        << host.failure.message();
    EXPECT_EQ(plan.fits, 1u);
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    ASSERT_EQ(alv_runtime_get_info(host.runtime, &info, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(info.models, 1u);
    EXPECT_GT(info.weights_bytes, 0u);
    EXPECT_LE(info.kv_bytes, plan.kv_bytes + 4096);
    alv_model_release(host.model);
    host.model = nullptr;
    // The worker gives it back when it is not in the middle of something.
    for (int i = 0; i < 30'000 && info.models != 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ASSERT_EQ(alv_runtime_get_info(host.runtime, &info, nullptr), ALV_STATUS_OK);
    }
    EXPECT_EQ(info.models, 0u);
    EXPECT_EQ(info.weights_bytes, 0u);
    EXPECT_EQ(info.kv_bytes, 0u);
}

TEST(Device, APipelineCacheIsHandedOutAndTakenAgain) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    alv_bytes* cache = nullptr;
    ASSERT_EQ(alv_runtime_pipeline_cache(host.runtime, &cache, nullptr), ALV_STATUS_OK);
    EXPECT_GT(alv_bytes_size(cache), 0u);
    const std::string path =
        (std::filesystem::path(testing::TempDir()) / "alv_abi_pipelines").string();
    std::filesystem::remove(path);
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.pipeline_cache_data = alv_bytes_data(cache);
    options.pipeline_cache_size = alv_bytes_size(cache);
    options.pipeline_cache_path = str(path);
    alv_runtime* runtime = nullptr;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_OK);
    alv_runtime_release(runtime);
    EXPECT_TRUE(std::filesystem::exists(path));
    std::filesystem::remove(path);
    alv_bytes_release(cache);
    const uint8_t garbage[64] = {9};
    options.pipeline_cache_path = alv_string ALV_STRING_INIT;
    options.pipeline_cache_data = garbage;
    options.pipeline_cache_size = sizeof garbage;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_OK);
    alv_runtime_release(runtime);
}

TEST(Device, AHostWithoutThreadsGetsTheSameTokens) {
    std::vector<int32_t> tokens[2];
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        GpuHost host(flags);
        ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
        ASSERT_EQ(host.open_session(), ALV_STATUS_OK) << host.failure.message();
        const Reply reply = host.reply(some_prompt(40), 10);
        EXPECT_EQ(reply.finish, ALV_FINISH_MAX_TOKENS);
        tokens[flags ? 1 : 0] = reply.tokens;
    }
    EXPECT_EQ(tokens[0], tokens[1]);
}

}  // namespace
}  // namespace alv::test
