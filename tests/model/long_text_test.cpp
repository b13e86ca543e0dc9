// Every position of a 700-token text (past Gemma's window of 512) against a float64 forward pass:
// prefill in steps of 1, 7, 64 and 512, perplexity, and single positions by decode.
#include <cmath>

#include "model/golden_json.h"
#include "model/real_model.h"

namespace alv::model::test {

namespace {

double perplexity(const std::vector<float>& logprobs) {
    double sum = 0;
    for (const float l : logprobs) sum += static_cast<double>(l);
    return std::exp(-sum / static_cast<double>(logprobs.size()));
}

std::vector<float> scored(Decoder& decoder, std::span<const TokenId> ids, uint32_t chunk) {
    auto sequence = decoder.create_sequence(static_cast<uint32_t>(ids.size()));
    EXPECT_TRUE(sequence.ok());
    auto scores = decoder.score(**sequence, ids, chunk);
    EXPECT_TRUE(scores.ok()) << scores.status().message();
    return scores.ok() ? *scores : std::vector<float>{};
}

void expect_equal_scores(const std::vector<float>& got, const std::vector<double>& want,
                         double tolerance, const std::string& what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        const double off = std::abs(static_cast<double>(got[i]) - want[i]);
        worst = std::max(worst, off);
        EXPECT_LE(off, tolerance) << what << " position " << i;
    }
    std::printf("%s: largest difference of a log-probability %.5f\n", what.c_str(), worst);
}

}  // namespace

TEST(LongText, EveryPositionAgreesWithFloat64) {
    for (RealModel* real : real_models()) {
        ASSERT_NE(real->decoder, nullptr);
        const auto golden = read_golden("long_text." + real->golden + ".json");
        const auto ids = golden["ids"].get<std::vector<TokenId>>();
        const auto want = golden["next_logprob"].get<std::vector<double>>();
        const auto scores = scored(*real->decoder, ids, 0);
        expect_equal_scores(scores, want, 0.05, real->golden);
        const double expected = golden["perplexity"].get<double>();
        EXPECT_NEAR(perplexity(scores), expected, expected * 0.01);
    }
}

TEST(LongText, StepsOfOneSevenAndSixtyFourAgree) {
    for (RealModel* real : real_models()) {
        const auto golden = read_golden("long_text." + real->golden + ".json");
        auto ids = golden["ids"].get<std::vector<TokenId>>();
        const auto all = golden["next_logprob"].get<std::vector<double>>();
        // Steps of one cost a pass over the weights each: the text's first part for them.
        for (const auto& [chunk, n] :
             std::vector<std::pair<uint32_t, size_t>>{{1, 60}, {7, 120}, {64, 320}}) {
            const std::vector<double> want(all.begin(), all.begin() + static_cast<long>(n) - 1);
            expect_equal_scores(scored(*real->decoder, {ids.data(), n}, chunk), want, 0.05,
                                real->golden + " steps of " + std::to_string(chunk));
        }
    }
}

TEST(LongText, StepsOf512AndRangesOfOneMebibyteAgree) {
    gpu::PlanOverrides overrides;
    overrides.prefill_tokens = 512;
    overrides.chunk_bytes = 1u << 20;
    for (const auto& [file, name] : std::vector<std::pair<std::string, std::string>>{
             {"SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2"},
             {"gemma-3-270m-q4_k_m.gguf", "gemma3"}}) {
        const RealModel real = load_real_model(file, name, overrides, 704);
        ASSERT_NE(real.decoder, nullptr);
        ASSERT_EQ(real.decoder->max_step_tokens(), 512u);
        const auto golden = read_golden("long_text." + name + ".json");
        const auto ids = golden["ids"].get<std::vector<TokenId>>();
        expect_equal_scores(scored(*real.decoder, ids, 512),
                            golden["next_logprob"].get<std::vector<double>>(), 0.05,
                            name + " steps of 512");
    }
}

TEST(LongText, DecodeAgreesAtTheGoldenPositions) {
    for (RealModel* real : real_models()) {
        const auto golden = read_golden("long_text." + real->golden + ".json");
        const auto ids = golden["ids"].get<std::vector<TokenId>>();
        auto sequence = real->decoder->create_sequence(704);
        ASSERT_TRUE(sequence.ok());
        size_t length = 0;
        for (const auto& at : golden["top"]) {
            const auto position = at["position"].get<size_t>();
            if (position == 0) continue;
            // All before the position by prefill, the position itself by decode.
            if (position > length) {
                const auto fed =
                    feed(*real->decoder, **sequence, {ids.data() + length, position - length}, 0);
                ASSERT_TRUE(fed.ok()) << fed.status().message();
            }
            const auto result = feed(*real->decoder, **sequence, {&ids[position], 1}, 1);
            ASSERT_TRUE(result.ok()) << result.status().message();
            expect_top(result->top, at["top"], 0.05,
                       real->golden + " position " + std::to_string(position));
            length = position + 1;
        }
    }
}

}  // namespace alv::model::test
