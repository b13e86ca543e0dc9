// A host-stepped runtime on the fake, and a sink that keeps what it hears.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "local/fakes.h"
#include "local/runtime.h"

namespace alv::local::test {

using namespace std::chrono_literals;

struct Listener : engine::EventSink {
    std::vector<engine::Event> events;
    std::string text;
    std::vector<TokenId> tokens;
    std::function<bool(const engine::Event&)> react;
    std::atomic<bool> ended{false};

    bool on_event(engine::Event event) override {
        if (event.type == engine::EventType::kText) text += event.text;
        if (event.type == engine::EventType::kToken) tokens.push_back(event.token);
        const bool taken = !react || react(event);
        const bool last =
            event.type == engine::EventType::kDone || event.type == engine::EventType::kFailed;
        events.push_back(std::move(event));
        if (last) ended = true;  // what was written before can be read by who sees this
        return taken;
    }
    bool over() const { return ended; }
    engine::FinishReason finish() const { return events.back().finish; }
    Status status() const { return events.back().status; }
    engine::Usage usage() const { return events.back().usage; }
};

class Harness {
  public:
    explicit Harness(std::shared_ptr<FakeWorld> fake, bool host_stepped = true)
        : world(std::move(fake)) {
        RuntimeConfig config;
        config.host_stepped = host_stepped;
        config.log = std::make_shared<Log>();
        config.backend = fake_backend(world);
        runtime = Runtime::create(std::move(config)).value();
        model = runtime->open_model({}, {}).value();
        EXPECT_TRUE(model->wait(Clock::now() + 10s).ok());
    }
    ~Harness() {
        model.reset();
        runtime.reset();
        EXPECT_EQ(world->broken_rules, 0);
        EXPECT_EQ(world->live_sequences, 0);
        EXPECT_EQ(world->live_decoders, 0);
        EXPECT_EQ(world->live_encoders, 0);
    }

    std::shared_ptr<engine::Conversation> open(uint32_t context = 0, bool fast = false) {
        return model->open(context, fast).value();
    }
    // A raw prompt of bytes.
    static engine::Request request(std::shared_ptr<engine::Conversation> conversation,
                                   const std::string& prompt, uint32_t max_tokens) {
        engine::Request request;
        request.conversation = std::move(conversation);
        request.prompt.kind = engine::Prompt::Kind::kText;
        request.prompt.text = prompt;
        request.max_tokens = max_tokens;
        return request;
    }
    std::shared_ptr<engine::Ticket> submit(engine::Request request,
                                           const std::shared_ptr<Listener>& listener) {
        return model->submit(std::move(request), listener).value();
    }
    // Runs until all are over.
    void drive(const std::vector<std::shared_ptr<Listener>>& listeners) {
        const auto over = [&] {
            for (const auto& listener : listeners) {
                if (!listener->over()) return false;
            }
            return true;
        };
        const auto deadline = Clock::now() + 30s;
        if (runtime->host_stepped()) {
            EXPECT_TRUE(runtime->drive(over, deadline).ok());
        } else {
            while (!over() && Clock::now() < deadline) std::this_thread::sleep_for(1ms);
        }
        EXPECT_TRUE(over());
    }
    std::shared_ptr<Listener> run(engine::Request request) {
        auto listener = std::make_shared<Listener>();
        submit(std::move(request), listener);
        drive({listener});
        return listener;
    }
    std::shared_ptr<Listener> run(const std::string& prompt, uint32_t max_tokens) {
        return run(request(open(), prompt, max_tokens));
    }

    std::shared_ptr<FakeWorld> world;
    std::shared_ptr<Runtime> runtime;
    std::shared_ptr<LocalModel> model;
};

}  // namespace alv::local::test
