// ALV_RUNTIME_DISPATCH_CALLBACKS: callbacks run on the thread that dispatches, and nowhere else.
#include "abi/host.h"

namespace alv::test {
namespace {

struct Heard {
    alv_runtime* runtime = nullptr;
    std::vector<std::thread::id> threads;
    Reply reply;
    bool throws = false;

    static alv_status callback(void* user_data, alv_generation*, const alv_event* event) {
        auto* self = static_cast<Heard*>(user_data);
        self->threads.push_back(std::this_thread::get_id());
        add_event(self->reply, *event);
        EXPECT_EQ(alv_runtime_dispatch(self->runtime, 0, nullptr, nullptr),
                  ALV_STATUS_INVALID_STATE);
        if (self->throws && event->type == ALV_EVENT_TOKEN) throw 1;
        return ALV_STATUS_OK;
    }
    bool over() const { return reply.finish != 0 || reply.failed != ALV_STATUS_OK; }
};

void dispatch_until(Host& host, const Heard& heard) {
    for (int i = 0; i < 30'000 && !heard.over(); ++i) {
        uint32_t n = 0;
        ASSERT_EQ(alv_runtime_dispatch(host.runtime, 0, &n, nullptr), ALV_STATUS_OK);
        if (n == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

TEST(Dispatch, CallbacksRunOnlyThere) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS);
    host.with_session();
    Heard heard{host.runtime, {}, {}, false};
    alv_generation* generation = host.complete("hello", 6, Heard::callback, &heard);
    dispatch_until(host, heard);
    EXPECT_EQ(heard.reply.finish, ALV_FINISH_MAX_TOKENS);
    EXPECT_EQ(heard.reply.tokens.size(), 6u);
    for (const auto& thread : heard.threads) EXPECT_EQ(thread, std::this_thread::get_id());
    alv_generation_release(generation);
}

TEST(Dispatch, AtMostAsManyAsAsked) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS | ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    Heard heard{host.runtime, {}, {}, false};
    alv_generation* generation = host.complete("hello", 3, Heard::callback, &heard);
    uint32_t pending = 1;
    while (pending) ASSERT_EQ(alv_runtime_step(host.runtime, 1000, &pending, nullptr), 0);
    EXPECT_TRUE(heard.threads.empty());
    uint32_t n = 0;
    ASSERT_EQ(alv_runtime_dispatch(host.runtime, 2, &n, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(n, 2u);
    EXPECT_EQ(heard.threads.size(), 2u);
    dispatch_until(host, heard);
    alv_generation_release(generation);
}

TEST(Dispatch, ACallbackThatThrowsEndsTheReply) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS);
    host.with_session();
    Heard heard{host.runtime, {}, {}, true};
    alv_generation* generation = host.complete("hello", 6, Heard::callback, &heard);
    dispatch_until(host, heard);
    EXPECT_EQ(heard.reply.failed, ALV_STATUS_CALLBACK_FAILED);
    EXPECT_EQ(heard.reply.tokens.size(), 1u);
    alv_generation_release(generation);
}

TEST(Dispatch, WhatWasReleasedIsNotDelivered) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS | ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    Heard heard{host.runtime, {}, {}, false};
    alv_generation* generation = host.complete("hello", 3, Heard::callback, &heard);
    uint32_t pending = 1;
    while (pending) ASSERT_EQ(alv_runtime_step(host.runtime, 1000, &pending, nullptr), 0);
    alv_generation_release(generation);
    ASSERT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_OK);
    EXPECT_TRUE(heard.threads.empty());
}

TEST(Dispatch, PollingNeedsNone) {
    Host host(ALV_RUNTIME_DISPATCH_CALLBACKS);
    host.with_session();
    alv_generation* generation = host.complete("hello", 3);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

TEST(Dispatch, WithoutTheFlagIsInvalidState) {
    Host host;
    EXPECT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_INVALID_STATE);
}

}  // namespace
}  // namespace alv::test
