// The engine on the real SmolLM2: the tokens of the goldens, alone and in company.
#include <gtest/gtest.h>

#include "local/real_model.h"

namespace alv::local::test {
namespace {

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

TEST_F(RealModel, TokensGuessedAheadChangeNone) {
    const std::string prompt =
        "The recipe says: take two eggs, a cup of flour and a pinch of salt, mix them well, and "
        "bake the dough for half an hour.\nAgain, the recipe says: take two eggs,";
    uint32_t accepted = 0;
    for (const float temperature : {0.0f, 0.7f}) {
        std::vector<std::shared_ptr<Listener>> heard;
        for (const bool with : {true, false}) {
            heard.push_back(std::make_shared<Listener>());
            auto request = Harness::request(open(), prompt, 40);
            request.prompt_lookup = with;
            request.n_top = 3;
            request.sampling.temperature = temperature;
            request.sampling.repeat_penalty = 1.05f;
            request.sampling.penalty_window = 64;
            request.sampling.seed = 3;
            ASSERT_TRUE(model->submit(std::move(request), heard.back()).ok());
            drive({heard.back()});
        }
        EXPECT_EQ(heard[0]->tokens, heard[1]->tokens);
        ASSERT_EQ(heard[0]->events.size(), heard[1]->events.size());
        for (size_t i = 0; i < heard[0]->events.size(); ++i) {
            EXPECT_EQ(heard[0]->events[i].top, heard[1]->events[i].top);
        }
        EXPECT_EQ(heard[1]->usage().drafted_tokens, 0u);
        accepted += heard[0]->usage().accepted_tokens;
    }
    EXPECT_GT(accepted, 15u);
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
