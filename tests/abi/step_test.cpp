// A host without threads: everything happens inside its calls.
#include "abi/host.h"

namespace alv::test {
namespace {

TEST(Step, LoadsAndRepliesInsideTheCall) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    const alv_model_options options = host.model_options();
    ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
    alv_model_progress progress = ALV_MODEL_PROGRESS_INIT;
    ASSERT_EQ(alv_model_get_progress(host.model, &progress, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(progress.state, ALV_MODEL_LOADING);
    uint32_t pending = 1;
    while (pending) ASSERT_EQ(alv_runtime_step(host.runtime, 500, &pending, nullptr), 0);
    ASSERT_EQ(alv_model_get_progress(host.model, &progress, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(progress.state, ALV_MODEL_READY);
    EXPECT_EQ(progress.fraction, 1.0f);

    host.with_session();
    alv_generation* generation = host.complete("hello", 4);
    const alv_event* event = nullptr;
    EXPECT_EQ(alv_generation_poll(generation, &event, nullptr), ALV_STATUS_WOULD_BLOCK);
    pending = 1;
    while (pending) ASSERT_EQ(alv_runtime_step(host.runtime, 500, &pending, nullptr), 0);
    Reply reply;
    while (alv_generation_poll(generation, &event, nullptr) == ALV_STATUS_OK) {
        add_event(reply, *event);
    }
    EXPECT_EQ(reply.tokens.size(), 4u);
    EXPECT_EQ(reply.finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

TEST(Step, OfARuntimeWithAWorkerIsInvalidState) {
    Host host;
    EXPECT_EQ(alv_runtime_step(host.runtime, 500, nullptr, nullptr), ALV_STATUS_INVALID_STATE);
}

TEST(Step, TwoThreadsAtOnceIsInvalidStateForOne) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    host.world->slice_time = std::chrono::milliseconds(100);
    alv_generation* generation = host.complete("hello", 2);
    std::atomic<bool> refused{false};
    std::thread other([&] {
        for (int i = 0; i < 1000 && !refused; ++i) {
            if (alv_runtime_step(host.runtime, 50'000, nullptr, nullptr) ==
                ALV_STATUS_INVALID_STATE) {
                refused = true;
            }
        }
    });
    for (int i = 0; i < 1000 && !refused; ++i) {
        if (alv_runtime_step(host.runtime, 50'000, nullptr, nullptr) == ALV_STATUS_INVALID_STATE) {
            refused = true;
        }
    }
    other.join();
    EXPECT_TRUE(refused);
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
