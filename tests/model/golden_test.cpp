// Both models against tests/goldens/generation.json: token ids, ten best log-probabilities, and
// greedy tokens up to the first step whose margin is under 0.2.
#include "model/golden_json.h"
#include "model/real_model.h"

namespace alv::model::test {

TEST(Golden, GreedyTokensAndTopTenAgree) {
    const auto golden = read_golden("generation.json");
    for (RealModel* real : real_models()) {
        ASSERT_NE(real->decoder, nullptr);
        for (const auto& prompt : golden["models"][real->file]["prompts"]) {
            const auto ids = prompt["ids"].get<std::vector<TokenId>>();
            const auto want = prompt["greedy"].get<std::vector<TokenId>>();
            const auto margin = prompt["margin"].get<std::vector<double>>();
            const std::string what = real->file + ": " + prompt["text"].get<std::string>();
            const auto got = generate(*real->decoder, ids, static_cast<uint32_t>(want.size()));
            ASSERT_EQ(got.size(), want.size()) << what;
            expect_top(got[0].top, prompt["top"], 0.05, what);
            for (size_t i = 0; i < want.size() && margin[i] >= 0.2; ++i) {
                ASSERT_EQ(got[i].token, want[i]) << what << " step " << i;
                EXPECT_EQ(got[i].token, got[i].top[0].first);
                EXPECT_EQ(got[i].logprob, got[i].top[0].second);
            }
        }
    }
}

TEST(Golden, TokenizerGivesThePromptIds) {
    const auto golden = read_golden("generation.json");
    for (RealModel* real : real_models()) {
        ASSERT_NE(real->model, nullptr);
        const text::Tokenizer& tokenizer = real->model->tokenizer();
        for (const auto& prompt : golden["models"][real->file]["prompts"]) {
            const auto text = prompt["text"].get<std::string>();
            std::vector<TokenId> ids;
            if (tokenizer.vocabulary().add_bos) ids.push_back(tokenizer.vocabulary().bos);
            const text::TextPart part{text, true};
            ASSERT_TRUE(tokenizer.encode({&part, 1}, ids).ok());
            EXPECT_EQ(ids, prompt["ids"].get<std::vector<TokenId>>()) << text;
        }
    }
}

}  // namespace alv::model::test
