// The engine on the real SmolLM2: the tokens of the goldens, alone and in company.
#include <gtest/gtest.h>

#include "local/harness.h"

namespace alv::local::test {
namespace {

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
        source.kv_tokens = 2048;
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

// shared/goldens/generation.json, see tests/goldens.
TEST_F(RealModel, GreedyTokensAreThoseOfTheGolden) {
    const std::vector<TokenId> golden = {7042, 30, 198, 198, 504, 2988, 314, 42};
    EXPECT_EQ(reply(open(), "The capital of France is", 8), golden);
}

TEST_F(RealModel, TheSameSeedGivesTheSameTokensAloneAndInCompany) {
    engine::Sampling sampling;
    sampling.temperature = 1.0f;
    sampling.seed = 7;
    const std::string prompt = "Once upon a time, in a land far away,";
    const auto alone = reply(open(), prompt, 12, sampling);
    std::vector<std::shared_ptr<Listener>> all = {
        start(open(), "Something else entirely, which is a good deal longer", 12, sampling),
        start(open(), prompt, 12, sampling), start(open(), "x", 12)};
    drive(all);
    EXPECT_EQ(all[1]->tokens, alone);
    sampling.seed = 8;
    EXPECT_NE(reply(open(), prompt, 12, sampling), alone);
}

TEST_F(RealModel, ACachedPrefixChangesNoToken) {
    const std::string story =
        "The old lighthouse keeper counted the ships that passed, and wrote each of them into a "
        "book that nobody would ever read. On the last evening of the year he saw";
    const auto conversation = open();
    const auto first = reply(conversation, story, 8);
    const auto cached = start(conversation, story, 8);
    drive({cached});
    EXPECT_GT(cached->usage().reused_tokens, 20u);
    EXPECT_EQ(cached->tokens, first);
    const auto other_end = start(conversation, story + " a light", 8);
    drive({other_end});
    EXPECT_GT(other_end->usage().reused_tokens, 20u);
    EXPECT_EQ(other_end->tokens, reply(open(), story + " a light", 8));
}

TEST_F(RealModel, ChatRepliesAndEnds) {
    auto heard = std::make_shared<Listener>();
    engine::Request request;
    request.conversation = open();
    request.prompt.messages = {{"user", "Say hello."}};
    request.max_tokens = 40;
    ASSERT_TRUE(model->submit(std::move(request), heard).ok());
    drive({heard});
    EXPECT_FALSE(heard->text.empty());
    EXPECT_EQ(heard->text.find("<|im_end|>"), std::string::npos);
}

}  // namespace
}  // namespace alv::local::test
