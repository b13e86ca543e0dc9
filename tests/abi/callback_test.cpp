// Callbacks: who calls, what happens when they fail or throw, none after the release.
#include <stdexcept>

#include "abi/host.h"

namespace alv::test {
namespace {

struct Heard {
    Reply reply;
    std::atomic<bool> over{false};
    std::thread::id thread;
    std::function<alv_status(alv_generation*, const alv_event*)> react;

    static alv_status callback(void* user_data, alv_generation* generation,
                               const alv_event* event) {
        auto* self = static_cast<Heard*>(user_data);
        self->thread = std::this_thread::get_id();
        add_event(self->reply, *event);
        const bool last = event->type == ALV_EVENT_DONE || event->type == ALV_EVENT_FAILED;
        if (last) self->over = true;
        return self->react ? self->react(generation, event) : ALV_STATUS_OK;
    }
};

TEST(Callback, GetsTheSameEventsAsPolling) {
    Host host;
    host.with_session();
    Heard heard;
    alv_generation* generation = host.complete("hello", 6, Heard::callback, &heard);
    ASSERT_TRUE(wait_for(heard.over));
    EXPECT_NE(heard.thread, std::this_thread::get_id());
    const alv_event* event = nullptr;
    EXPECT_EQ(alv_generation_poll(generation, &event, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_generation_wait(generation, 0, &event, nullptr), ALV_STATUS_INVALID_STATE);
    alv_generation_release(generation);
    generation = host.complete("hello", 6);
    const Reply polled = read_all(generation);
    alv_generation_release(generation);
    EXPECT_EQ(heard.reply.tokens, polled.tokens);
    EXPECT_EQ(heard.reply.text, polled.text);
    EXPECT_EQ(heard.reply.finish, polled.finish);
}

TEST(Callback, OfAHostSteppedRuntimeRunsInTheStep) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    Heard heard;
    alv_generation* generation = host.complete("hello", 6, Heard::callback, &heard);
    while (!heard.over) ASSERT_EQ(alv_runtime_step(host.runtime, 1000, nullptr, nullptr), 0);
    EXPECT_EQ(heard.thread, std::this_thread::get_id());
    alv_generation_release(generation);
}

TEST(Callback, ThatThrowsEndsTheReplyWithCallbackFailed) {
    Host host;
    host.with_session();
    Heard heard;
    heard.react = [](alv_generation*, const alv_event* event) -> alv_status {
        if (event->type == ALV_EVENT_TOKEN) throw std::runtime_error("the host is unwell");
        return ALV_STATUS_OK;
    };
    alv_generation* generation = host.complete("hello", 0, Heard::callback, &heard);
    ASSERT_TRUE(wait_for(heard.over));
    EXPECT_EQ(heard.reply.failed, ALV_STATUS_CALLBACK_FAILED);
    EXPECT_EQ(heard.reply.tokens.size(), 1u);
    alv_generation_release(generation);
    generation = host.complete("hello", 2);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

TEST(Callback, ThatFailsEndsTheReplyToo) {
    Host host;
    host.with_session();
    Heard heard;
    heard.react = [](alv_generation*, const alv_event* event) {
        return event->type == ALV_EVENT_TEXT ? ALV_STATUS_INTERNAL : ALV_STATUS_OK;
    };
    alv_generation* generation = host.complete("hello", 0, Heard::callback, &heard);
    ASSERT_TRUE(wait_for(heard.over));
    EXPECT_EQ(heard.reply.failed, ALV_STATUS_CALLBACK_FAILED);
    alv_generation_release(generation);
}

TEST(Callback, NoneBeginsAfterTheRelease) {
    for (int round = 0; round < 50; ++round) {
        Host host;
        host.with_session();
        Heard heard;
        std::atomic<bool> released{false};
        std::atomic<bool> late{false};
        std::atomic<bool> begun{false};
        heard.react = [&](alv_generation*, const alv_event*) {
            begun = true;
            if (released) late = true;
            std::this_thread::yield();
            return ALV_STATUS_OK;
        };
        alv_generation* generation = host.complete("hello", 0, Heard::callback, &heard);
        if (round % 2) wait_for(begun);
        alv_generation_release(generation);
        released = true;
        std::this_thread::yield();
        EXPECT_FALSE(late);
    }
}

TEST(Callback, MayReleaseItsOwnGeneration) {
    Host host;
    host.with_session();
    Heard heard;
    std::atomic<bool> released{false};
    int calls_after = 0;
    heard.react = [&](alv_generation* generation, const alv_event* event) {
        if (released) ++calls_after;
        if (event->type != ALV_EVENT_TOKEN) return ALV_STATUS_OK;
        alv_generation_release(generation);
        released = true;
        return ALV_STATUS_OK;
    };
    host.complete("hello", 0, Heard::callback, &heard);
    ASSERT_TRUE(wait_for(released));
    host.release();
    EXPECT_EQ(calls_after, 0);
}

TEST(Callback, TheFirstMayReleaseEvenBeforeTheStartReturns) {
    for (int round = 0; round < 50; ++round) {
        Host host;
        host.with_session();
        Heard heard;
        std::atomic<bool> released{false};
        heard.react = [&](alv_generation* generation, const alv_event*) {
            EXPECT_EQ(alv_generation_cancel(generation, nullptr), ALV_STATUS_OK);
            alv_generation_release(generation);
            released = true;
            return ALV_STATUS_OK;
        };
        host.complete("hello", 0, Heard::callback, &heard);
        ASSERT_TRUE(wait_for(released));
    }
}

void throwing_progress(void*, alv_model*, const alv_model_progress*) {
    throw std::runtime_error("the bar is full");
}

TEST(Callback, AProgressCallbackThatThrowsFailsTheLoad) {
    Host host;
    host.world->load_units = 100'000;
    host.world->load_unit_time = std::chrono::milliseconds(1);
    alv_model_options options = host.model_options();
    options.progress = throwing_progress;
    ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(host.model, kLong, nullptr), ALV_STATUS_CALLBACK_FAILED);
}

void throwing_log(void* user_data, uint32_t, alv_string) {
    *static_cast<std::atomic<bool>*>(user_data) = true;
    throw std::runtime_error("no room for logs");
}

TEST(Callback, ALogThatThrowsIsLeftAtThat) {
    auto world = std::make_shared<FakeWorld>();
    std::atomic<bool> logged{false};
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.log = throwing_log;
    options.log_user_data = &logged;
    options.log_level = ALV_LOG_DEBUG;
    Host host(0, world);
    host.release();
    ASSERT_TRUE(
        api::create_runtime(&options, local::test::fake_backend(world), {}, &host.runtime).ok());
    host.with_session();
    world->lost = true;  // which is logged
    alv_generation* generation = host.complete("x", 3);
    EXPECT_EQ(read_all(generation).failed, ALV_STATUS_DEVICE_LOST);
    EXPECT_TRUE(wait_for(logged));
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
