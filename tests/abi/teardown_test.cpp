// Handles are released in every order, idle and in the middle of a reply.
#include <algorithm>

#include "abi/host.h"

namespace alv::test {
namespace {

enum class Handle { kRuntime, kModel, kSession, kGeneration };

void release_in(const std::vector<Handle>& order, Host& host, alv_generation* generation) {
    for (const Handle handle : order) {
        switch (handle) {
            case Handle::kRuntime:
                alv_runtime_release(host.runtime);
                host.runtime = nullptr;
                break;
            case Handle::kModel:
                alv_model_release(host.model);
                host.model = nullptr;
                break;
            case Handle::kSession:
                alv_session_release(host.session);
                host.session = nullptr;
                break;
            case Handle::kGeneration:
                alv_generation_release(generation);
                break;
        }
    }
}

void every_order(uint32_t flags, bool mid_reply, bool with_callback) {
    std::vector<Handle> order = {Handle::kRuntime, Handle::kModel, Handle::kSession,
                                 Handle::kGeneration};
    do {
        Host host(flags);
        host.with_session();
        if (mid_reply) host.world->slice_time = std::chrono::microseconds(300);
        const alv_generation_callback callback =
            with_callback ? [](void*, alv_generation*, const alv_event*) { return ALV_STATUS_OK; }
                          : static_cast<alv_generation_callback>(nullptr);
        alv_generation* generation = host.complete("hello", mid_reply ? 0 : 2, callback);
        if (flags & ALV_RUNTIME_HOST_STEPPED) {
            ASSERT_EQ(alv_runtime_step(host.runtime, 400, nullptr, nullptr), ALV_STATUS_OK);
        } else if (mid_reply) {
            while (host.world->slices_submitted < 3) std::this_thread::yield();
        }
        release_in(order, host, generation);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Teardown, EveryOrderMidReply) {
    every_order(0, true, false);
}

TEST(Teardown, EveryOrderMidReplyWithACallback) {
    every_order(0, true, true);
}

TEST(Teardown, EveryOrderMidReplyHostStepped) {
    every_order(ALV_RUNTIME_HOST_STEPPED, true, false);
}

TEST(Teardown, EveryOrderMidReplyDispatched) {
    every_order(ALV_RUNTIME_DISPATCH_CALLBACKS, true, true);
}

TEST(Teardown, EveryOrderWhenItIsDone) {
    every_order(0, false, false);
}

TEST(Teardown, AModelThatLoads) {
    for (const uint32_t flags : {0u, ALV_RUNTIME_HOST_STEPPED}) {
        for (const bool runtime_first : {true, false}) {
            Host host(flags);
            host.world->load_units = 1'000'000;
            const alv_model_options options = host.model_options();
            ASSERT_EQ(alv_model_open(host.runtime, &options, &host.model, nullptr), ALV_STATUS_OK);
            EXPECT_EQ(alv_model_wait(host.model, 2000, nullptr), ALV_STATUS_TIMEOUT);
            if (runtime_first) {
                alv_runtime_release(host.runtime);
                host.runtime = nullptr;
            }
            host.release();
        }
    }
}

TEST(Teardown, RetainedHandlesLiveOn) {
    Host host;
    host.with_model();
    EXPECT_EQ(alv_model_retain(host.model), host.model);
    EXPECT_EQ(alv_runtime_retain(host.runtime), host.runtime);
    alv_model_release(host.model);
    alv_runtime_release(host.runtime);
    host.with_session();
    alv_generation* generation = host.complete("x", 1);
    EXPECT_EQ(read_all(generation).finish, ALV_FINISH_MAX_TOKENS);
    alv_generation_release(generation);
}

TEST(Teardown, EverythingInACallbackOfTheWorker) {
    for (int round = 0; round < 30; ++round) {
        Host host;
        host.with_session();
        struct All {
            Host* host;
            std::atomic<bool> gone{false};
            static alv_status on_event(void* user_data, alv_generation* generation,
                                       const alv_event* event) {
                auto* self = static_cast<All*>(user_data);
                if (event->type != ALV_EVENT_TOKEN || self->gone) return ALV_STATUS_OK;
                alv_generation_release(generation);
                self->host->release();
                self->gone = true;
                return ALV_STATUS_OK;
            }
        } all{&host};
        host.complete("hello", 0, All::on_event, &all);
        ASSERT_TRUE(wait_for(all.gone));
    }
}

}  // namespace
}  // namespace alv::test
