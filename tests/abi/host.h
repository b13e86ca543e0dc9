// A host on the fake backend: a runtime, a model, and what the tests ask of them.
#pragma once

#include <alviss/alviss.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/create.h"
#include "local/fakes.h"

namespace alv::test {

using local::test::FakeWorld;

inline constexpr uint64_t kLong =
    300'000'000;  // microseconds: a test that waits so long has failed

inline alv_string str(const std::string& text) {
    return {text.data(), text.size()};
}
inline std::string text_of(alv_string text) {
    return text.data ? std::string(text.data, text.size) : std::string();
}

// Takes an alv_error and gives it back.
struct Failure {
    alv_error* error = nullptr;
    ~Failure() { alv_error_release(error); }
    alv_error** out() {
        alv_error_release(error);
        error = nullptr;
        return &error;
    }
    std::string message() const { return text_of(alv_error_message(error)); }
};

class Host {
  public:
    explicit Host(uint32_t flags = 0, std::shared_ptr<FakeWorld> fake = nullptr)
        : world(fake ? std::move(fake) : std::make_shared<FakeWorld>()),
          file(local::test::fake_gguf()) {
        alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
        options.flags = flags;
        const Status made =
            api::create_runtime(&options, local::test::fake_backend(world), {}, &runtime);
        EXPECT_TRUE(made.ok()) << made.message();
    }
    ~Host() {
        release();
        EXPECT_EQ(world->broken_rules, 0);
        // Where the last release was made in a callback, the worker ends a moment later.
        for (int i = 0; i < 5000 && world->live_decoders != 0; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_EQ(world->live_decoders, 0);
        EXPECT_EQ(world->live_sequences, 0);
    }
    void release() {
        alv_session_release(session);
        alv_model_release(model);
        alv_runtime_release(runtime);
        session = nullptr;
        model = nullptr;
        runtime = nullptr;
    }

    alv_model_options model_options() const {
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.data = file.data();
        options.data_size = file.size();
        return options;
    }
    Host& with_model() {
        const alv_model_options options = model_options();
        Failure failure;
        EXPECT_EQ(alv_model_open(runtime, &options, &model, failure.out()), ALV_STATUS_OK)
            << failure.message();
        EXPECT_EQ(alv_model_wait(model, kLong, failure.out()), ALV_STATUS_OK) << failure.message();
        return *this;
    }
    Host& with_session() {
        if (!model) with_model();
        Failure failure;
        EXPECT_EQ(alv_session_create(model, nullptr, &session, failure.out()), ALV_STATUS_OK)
            << failure.message();
        return *this;
    }
    alv_generation* complete(const std::string& prompt, uint32_t max_tokens,
                             alv_generation_callback callback = nullptr,
                             void* user_data = nullptr) {
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        options.max_tokens = max_tokens;
        options.callback = callback;
        options.user_data = user_data;
        alv_generation* generation = nullptr;
        Failure failure;
        EXPECT_EQ(alv_session_complete(session, str(prompt), &options, &generation, failure.out()),
                  ALV_STATUS_OK)
            << failure.message();
        return generation;
    }

    std::shared_ptr<FakeWorld> world;
    std::vector<uint8_t> file;
    alv_runtime* runtime = nullptr;
    alv_model* model = nullptr;
    alv_session* session = nullptr;
};

// What came of a generation, collected by polling.
struct Reply {
    std::string text;
    std::vector<int32_t> tokens;
    std::vector<uint32_t> types;
    uint32_t finish = 0;
    alv_status failed = ALV_STATUS_OK;
};

inline void add_event(Reply& reply, const alv_event& event) {
    reply.types.push_back(event.type);
    if (event.type == ALV_EVENT_TEXT) reply.text += text_of(event.text);
    if (event.type == ALV_EVENT_TOKEN) reply.tokens.push_back(event.token);
    if (event.type == ALV_EVENT_DONE) reply.finish = event.finish_reason;
    if (event.type == ALV_EVENT_FAILED) reply.failed = alv_error_code(event.error);
}

inline Reply read_all(alv_generation* generation) {
    Reply reply;
    while (reply.finish == 0 && reply.failed == ALV_STATUS_OK) {
        const alv_event* event = nullptr;
        Failure failure;
        const alv_status status = alv_generation_wait(generation, kLong, &event, failure.out());
        if (status != ALV_STATUS_OK) {
            ADD_FAILURE() << failure.message();
            break;
        }
        add_event(reply, *event);
    }
    return reply;
}

// Waits for a flag that another thread sets.
inline bool wait_for(const std::atomic<bool>& flag) {
    for (int i = 0; i < 30'000 && !flag; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return flag;
}

}  // namespace alv::test
