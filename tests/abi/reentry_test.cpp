// The table in runtime.h: what may be called from a callback. One test a kind of callback, all
// calls.
#include "abi/host.h"

namespace alv::test {
namespace {

// Everything that is allowed succeeds, everything that is not is `invalid state`.
void call_everything(Host& host, alv_generation* self) {
    alv_runtime_info info = ALV_RUNTIME_INFO_INIT;
    EXPECT_EQ(alv_runtime_get_info(host.runtime, &info, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_runtime_step(host.runtime, 10, nullptr, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_runtime_rebuild(host.runtime, nullptr, nullptr), ALV_STATUS_INVALID_STATE);

    alv_model_progress progress = ALV_MODEL_PROGRESS_INIT;
    EXPECT_EQ(alv_model_get_progress(host.model, &progress, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(host.model, 0, nullptr), ALV_STATUS_OK);  // nothing to wait for
    alv_tokens* tokens = nullptr;
    EXPECT_EQ(alv_model_tokenize(host.model, alv_str("abc"), 0, &tokens, nullptr), ALV_STATUS_OK);
    alv_tokens_release(tokens);

    const alv_model_options options = host.model_options();
    alv_model* another = nullptr;
    EXPECT_EQ(alv_model_open(host.runtime, &options, &another, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_model_wait(another, kLong, nullptr), ALV_STATUS_INVALID_STATE);
    alv_model_release(another);

    alv_session* session = nullptr;
    EXPECT_EQ(alv_session_create(host.model, nullptr, &session, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(alv_session_append(session, alv_str("user"), alv_str("x"), nullptr), ALV_STATUS_OK);
    alv_generation* generation = nullptr;
    EXPECT_EQ(alv_session_generate(session, nullptr, &generation, nullptr), ALV_STATUS_OK);
    const alv_event* event = nullptr;
    EXPECT_EQ(alv_generation_poll(generation, &event, nullptr), ALV_STATUS_WOULD_BLOCK);
    EXPECT_EQ(alv_generation_wait(generation, kLong, &event, nullptr), ALV_STATUS_INVALID_STATE);
    EXPECT_EQ(alv_generation_cancel(generation, nullptr), ALV_STATUS_OK);
    alv_session_release(session);
    alv_generation_release(generation);
    if (self) {
        alv_usage usage = ALV_USAGE_INIT;
        EXPECT_EQ(alv_generation_get_usage(self, &usage, nullptr), ALV_STATUS_OK);
    }
}

struct Caller {
    Host* host;
    std::atomic<bool> called{false};
    std::atomic<bool> over{false};

    static alv_status on_event(void* user_data, alv_generation* generation,
                               const alv_event* event) {
        auto* self = static_cast<Caller*>(user_data);
        if (event->type == ALV_EVENT_TOKEN && !self->called) {
            self->called = true;
            call_everything(*self->host, generation);
        }
        if (event->type == ALV_EVENT_DONE) self->over = true;
        return ALV_STATUS_OK;
    }
    static void on_progress(void* user_data, alv_model* model, const alv_model_progress* progress) {
        auto* self = static_cast<Caller*>(user_data);
        if (progress->state == ALV_MODEL_LOADING) {
            EXPECT_EQ(alv_model_wait(model, kLong, nullptr), ALV_STATUS_INVALID_STATE);
            return;
        }
        call_everything(*self->host, nullptr);
        self->over = true;
    }
};

TEST(Reentry, FromAGenerationCallbackOfTheWorker) {
    Host host;
    host.with_session();
    Caller caller{&host};
    alv_generation* generation = host.complete("hello", 5, Caller::on_event, &caller);
    EXPECT_TRUE(wait_for(caller.over));
    EXPECT_TRUE(caller.called);
    alv_generation_release(generation);
}

TEST(Reentry, FromAGenerationCallbackInAStep) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.with_session();
    Caller caller{&host};
    alv_generation* generation = host.complete("hello", 5, Caller::on_event, &caller);
    while (!caller.over) ASSERT_EQ(alv_runtime_step(host.runtime, 1000, nullptr, nullptr), 0);
    EXPECT_TRUE(caller.called);
    alv_generation_release(generation);
}

TEST(Reentry, FromADispatchedCallback) {
    Host host(ALV_RUNTIME_HOST_STEPPED | ALV_RUNTIME_DISPATCH_CALLBACKS);
    host.with_session();
    Caller caller{&host};
    alv_generation* generation = host.complete("hello", 5, Caller::on_event, &caller);
    while (!caller.over) {
        ASSERT_EQ(alv_runtime_step(host.runtime, 1000, nullptr, nullptr), ALV_STATUS_OK);
        ASSERT_EQ(alv_runtime_dispatch(host.runtime, 0, nullptr, nullptr), ALV_STATUS_OK);
    }
    EXPECT_TRUE(caller.called);
    alv_generation_release(generation);
}

TEST(Reentry, FromAProgressCallback) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        Host host(flags);
        host.with_model();
        Caller caller{&host};
        alv_model_options options = host.model_options();
        options.progress = Caller::on_progress;
        options.progress_user_data = &caller;
        alv_model* model = nullptr;
        ASSERT_EQ(alv_model_open(host.runtime, &options, &model, nullptr), ALV_STATUS_OK);
        EXPECT_EQ(alv_model_wait(model, kLong, nullptr), ALV_STATUS_OK);
        EXPECT_TRUE(wait_for(caller.over));
        alv_model_release(model);
    }
}

TEST(Reentry, AnotherRuntimeIsFreeToBeUsed) {
    Host outer;
    outer.with_session();
    struct Both {
        std::atomic<bool> done{false};
        static alv_status on_event(void* user_data, alv_generation*, const alv_event* event) {
            if (event->type != ALV_EVENT_DONE) return ALV_STATUS_OK;
            Host inner(ALV_RUNTIME_HOST_STEPPED);
            inner.with_session();
            alv_generation* generation = inner.complete("x", 2);
            EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
            alv_generation_release(generation);
            static_cast<Both*>(user_data)->done = true;
            return ALV_STATUS_OK;
        }
    } both;
    alv_generation* generation = outer.complete("hello", 2, Both::on_event, &both);
    EXPECT_TRUE(wait_for(both.done));
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
