// The real SmolLM2 in a host-stepped runtime, loaded once for all the tests of a program.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "local/harness.h"

namespace alv::local::test {

class RealModel : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        RuntimeConfig config;
        config.host_stepped = true;
        config.log = std::make_shared<Log>();
        config.backend = make_backend();
        auto made = Runtime::create(std::move(config));
        ASSERT_TRUE(made.ok()) << made.status().message();
        runtime = std::move(made).value();
        auto file = open_mapped_file(ALV_TEST_MODEL_DIR "/SmolLM2-135M-Instruct.Q4_1.gguf");
        ASSERT_TRUE(file.ok()) << file.status().message() << ": tests/run.sh fetches it";
        LoadSource source;
        source.reader = gguf::Reader::open(std::move(file).value()).value();
        source.kv_tokens = 8192;  // room for 20 conversations at once (tool_calls_test.cpp)
        model = runtime->open_model(std::move(source), {}).value();
        const Status loaded = model->wait(Clock::time_point::max());
        ASSERT_TRUE(loaded.ok()) << loaded.message();
    }
    static void TearDownTestSuite() {
        model.reset();
        runtime.reset();
    }
    void SetUp() override { ASSERT_TRUE(model && model->text().ok()); }

    static std::shared_ptr<Listener> start(std::shared_ptr<engine::Conversation> conversation,
                                           const std::string& prompt, uint32_t n,
                                           engine::Sampling sampling = {}) {
        auto heard = std::make_shared<Listener>();
        auto request = Harness::request(std::move(conversation), prompt, n);
        request.sampling = sampling;
        EXPECT_TRUE(model->submit(std::move(request), heard).ok());
        return heard;
    }
    static void drive(const std::vector<std::shared_ptr<Listener>>& all) {
        for (const auto& heard : all) {
            EXPECT_TRUE(
                runtime->drive([&] { return heard->over(); }, Clock::time_point::max()).ok());
        }
    }
    static std::vector<TokenId> reply(std::shared_ptr<engine::Conversation> conversation,
                                      const std::string& prompt, uint32_t n,
                                      engine::Sampling sampling = {}) {
        const auto heard = start(std::move(conversation), prompt, n, sampling);
        drive({heard});
        EXPECT_EQ(heard->status().message(), "");
        return heard->tokens;
    }
    static std::shared_ptr<engine::Conversation> open() { return model->open(512, false).value(); }

    inline static std::shared_ptr<Runtime> runtime;
    inline static std::shared_ptr<LocalModel> model;
};

}  // namespace alv::local::test
