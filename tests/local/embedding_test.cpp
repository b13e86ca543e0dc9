// Embeddings on the scheduler: runs, turns with generations, cancel, loss, the end of things.
#include <gtest/gtest.h>

#include "local/harness.h"
#include "local/local_embedder.h"

namespace alv::local::test {
namespace {

constexpr uint32_t kDim = 8;
using Vectors = Result<std::vector<float>>;

// What `done` is told.
struct Heard {
    std::atomic<int> times{0};
    std::mutex mutex;
    std::optional<Vectors> result;

    engine::Embedder::Done done() {
        return [this](Vectors vectors) {
            const std::lock_guard lock(mutex);
            result.emplace(std::move(vectors));
            ++times;
        };
    }
    Code code() {
        const std::lock_guard lock(mutex);
        return result ? result->status().code() : Code::kWouldBlock;
    }
};

class Embedding : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        world = std::make_shared<FakeWorld>();
        harness = std::make_unique<Harness>(world, GetParam());
        world->embedding_dim = kDim;
        encoder = harness->runtime->open_model({}, {}).value();
        ASSERT_TRUE(encoder->wait(Clock::now() + 10s).ok());
        embedder = LocalEmbedder::create(encoder).value();
    }
    void TearDown() override {
        embedder.reset();
        encoder.reset();
        harness.reset();
    }
    void drive(Heard& heard) {
        const auto over = [&] { return heard.times != 0; };
        if (GetParam()) {
            EXPECT_TRUE(harness->runtime->drive(over, Clock::now() + 30s).ok());
        } else {
            for (int i = 0; i < 30'000 && !over(); ++i) std::this_thread::sleep_for(1ms);
        }
        EXPECT_EQ(heard.times, 1);
    }
    static std::vector<float> expected(const std::vector<std::string>& texts) {
        std::vector<float> all;
        for (const std::string& text : texts) {
            const auto vector = expected_vector(text, kDim);
            all.insert(all.end(), vector.begin(), vector.end());
        }
        return all;
    }

    std::shared_ptr<FakeWorld> world;
    std::unique_ptr<Harness> harness;
    std::shared_ptr<LocalModel> encoder;
    std::shared_ptr<LocalEmbedder> embedder;
};

TEST_P(Embedding, TextsArePackedIntoRunsAndComeInOrder) {
    const std::vector<std::string> texts = {
        "one", "two", "three", "four", "five", std::string(100, 'x'), "", "seven"};
    const Vectors vectors = embedder->embed(texts);
    ASSERT_TRUE(vectors.ok()) << vectors.status().message();
    EXPECT_EQ(*vectors, expected(texts));
    EXPECT_EQ(world->runs, 2);
    EXPECT_EQ(embedder->dim(), kDim);
    EXPECT_EQ(embedder->max_tokens(), 32u);
    EXPECT_EQ(embedder->count_tokens(std::string(100, 'x')).value(), 102u);
    EXPECT_EQ(embedder->tokens(std::string(100, 'x')).value().size(), 32u);
    const Vectors none = embedder->embed({});
    ASSERT_TRUE(none.ok());
    EXPECT_TRUE(none->empty());
}

TEST_P(Embedding, SlicesAndTheStepsOfAGenerationTakeTurns) {
    world->slice_tokens = 2;
    world->slice_time = 1ms;
    auto listener = std::make_shared<Listener>();
    Heard heard;
    const auto ticket = embedder->submit(std::vector<std::string>(20, "some text"), heard.done());
    ASSERT_TRUE(ticket.ok());
    harness->submit(Harness::request(harness->open(), "hello", 30), listener);
    harness->drive({listener});
    drive(heard);
    EXPECT_EQ(heard.code(), Code::kOk);
    EXPECT_EQ(listener->tokens, expected_tokens(*world, to_tokens("hello"), 30));
    // Neither has to wait for the other's end.
    const auto steps = world->steps();
    size_t changes = 0;
    for (size_t i = 1; i < steps.size(); ++i) {
        if ((steps[i].sequence == nullptr) != (steps[i - 1].sequence == nullptr)) ++changes;
    }
    EXPECT_GT(changes, 20u);
}

TEST_P(Embedding, ACancelEndsItWithinASlice) {
    world->slice_tokens = 1;
    world->slice_time = 1ms;
    Heard heard;
    const auto ticket =
        embedder->submit(std::vector<std::string>(1000, "a rather long text"), heard.done())
            .value();
    if (GetParam()) {
        EXPECT_TRUE(harness->runtime->step(5ms).ok());
    }
    ticket->cancel();
    drive(heard);
    EXPECT_EQ(heard.code(), Code::kCancelled);
    EXPECT_LT(world->runs, 100);
    EXPECT_TRUE(embedder->embed({"after"}).ok());
}

TEST_P(Embedding, ALostDeviceFailsItAndARebuiltOneWorks) {
    world->slice_tokens = 1;
    world->slice_time = 1ms;  // it is not over before the device is lost
    Heard heard;
    const auto ticket = embedder->submit(std::vector<std::string>(8, "text"), heard.done());
    world->lost = true;
    drive(heard);
    EXPECT_EQ(heard.code(), Code::kDeviceLost);
    EXPECT_EQ(embedder->embed({"x"}).status().code(), Code::kDeviceLost);
    ASSERT_TRUE(harness->runtime->rebuild({}).ok());
    const Vectors again = embedder->embed({"x"});
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(*again, expected({"x"}));
}

TEST_P(Embedding, WhoeverLetsTheModelGoIsToldOnce) {
    world->slice_tokens = 1;
    world->slice_time = 1ms;
    Heard heard;
    ASSERT_TRUE(embedder->submit(std::vector<std::string>(500, "text"), heard.done()).ok());
    embedder.reset();
    encoder.reset();
    if (GetParam()) {
        EXPECT_TRUE(harness->runtime->step(1ms).ok());
    }
    harness.reset();  // the runtime ends
    EXPECT_EQ(heard.times, 1);
    EXPECT_EQ(heard.code(), Code::kCancelled);
}

TEST_P(Embedding, OnlyAnEncoderEmbedsAndOnlyADecoderTalks) {
    EXPECT_EQ(LocalEmbedder::create(harness->model).status().code(), Code::kUnsupported);
    const auto conversation = encoder->open(0, false);
    EXPECT_EQ(conversation.status().code(), Code::kUnsupported);
    EXPECT_NE(conversation.status().message().find("embedder"), std::string::npos);
    LoadSource source;
    source.tokenizer_only = true;
    const auto tokenizer = harness->runtime->open_model(std::move(source), {}).value();
    ASSERT_TRUE(tokenizer->wait(Clock::now() + 10s).ok());
    EXPECT_EQ(LocalEmbedder::create(tokenizer).status().code(), Code::kInvalidState);
}

TEST_P(Embedding, FromInsideACallbackItDoesNotWaitForItself) {
    Heard heard;
    Status inside;
    ASSERT_TRUE(embedder
                    ->submit({"x"},
                             [&](const Vectors& vectors) {
                                 inside = embedder->embed({"y"}).status();
                                 heard.done()(vectors);
                             })
                    .ok());
    drive(heard);
    EXPECT_EQ(inside.code(), Code::kInvalidState);
    EXPECT_EQ(heard.code(), Code::kOk);
}

INSTANTIATE_TEST_SUITE_P(Runtime, Embedding, testing::Bool(), [](const auto& test) {
    return std::string(test.param ? "HostStepped" : "WithAWorker");
});

}  // namespace
}  // namespace alv::local::test
