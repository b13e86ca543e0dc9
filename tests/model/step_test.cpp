// Steps and sequences on a real model: determinism beside other sequences, abandoned steps,
// truncation, limits, and refusals.
#include "model/golden_json.h"
#include "model/real_model.h"

namespace alv::model::test {

namespace {

const std::vector<TokenId> kPrompt = {504, 3575, 282, 4649, 314};

std::vector<TokenId> tokens_of(const std::vector<StepResult>& results) {
    std::vector<TokenId> tokens;
    for (const StepResult& result : results) tokens.push_back(result.token);
    return tokens;
}

}  // namespace

TEST(Step, SameSeedSameTokensWhateverElseRuns) {
    Decoder& decoder = *smollm2().decoder;
    const SamplerParams sampler{0.9f, 50, 0.95f, 0.02f, 1.1f, 42};
    const auto alone = tokens_of(generate(decoder, kPrompt, 12, sampler));
    auto other = decoder.create_sequence(200);
    ASSERT_TRUE(other.ok());
    const std::vector<TokenId> noise(100, 1234);
    ASSERT_TRUE(feed(decoder, **other, noise, 0).ok());
    // Interleaved with another sequence, on other pages.
    auto mine = decoder.create_sequence(64);
    ASSERT_TRUE(mine.ok());
    auto result = feed(decoder, **mine, kPrompt, 0, sampler);
    std::vector<TokenId> tokens;
    for (int i = 0; i < 12; ++i) {
        ASSERT_TRUE(result.ok());
        tokens.push_back(result->token);
        ASSERT_TRUE(feed(decoder, **other, {noise.data(), 3}, 0).ok());
        result = feed(decoder, **mine, {&tokens.back(), 1}, 1, sampler);
    }
    EXPECT_EQ(tokens, alone);
    SamplerParams reseeded = sampler;
    reseeded.seed = 43;
    EXPECT_NE(tokens_of(generate(decoder, kPrompt, 12, reseeded)), alone);
}

TEST(Step, AbandonedStepLeavesTheSequenceAsItWas) {
    Decoder& decoder = *smollm2().decoder;
    auto sequence = decoder.create_sequence(300);
    ASSERT_TRUE(sequence.ok());
    ASSERT_TRUE(feed(decoder, **sequence, {kPrompt.data(), 4}, 0).ok());
    const std::vector<TokenId> junk(60, 99);
    {
        StepRequest request;
        request.sequence = sequence->get();
        request.tokens = junk;
        auto step = decoder.begin(request);
        ASSERT_TRUE(step.ok());
        ASSERT_TRUE((*step)->submit_slice().ok());
        EXPECT_FALSE((*step)->all_submitted());
        EXPECT_EQ((*step)->result().status().code(), Code::kInvalidState);
        EXPECT_EQ(decoder.begin(request).status().code(), Code::kInvalidState);
    }
    EXPECT_EQ((*sequence)->length(), 4u);
    const auto result = feed(decoder, **sequence, {&kPrompt[4], 1}, 1);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->token, 7042);
}

TEST(Step, TruncatedSequenceContinuesAsIfNeverLonger) {
    Decoder& decoder = *smollm2().decoder;
    auto sequence = decoder.create_sequence(300);
    ASSERT_TRUE(sequence.ok());
    const uint32_t before = decoder.kv_tokens_free();
    const std::vector<TokenId> junk(100, 77);
    ASSERT_TRUE(feed(decoder, **sequence, {kPrompt.data(), 2}, 0).ok());
    ASSERT_TRUE(feed(decoder, **sequence, junk, 0).ok());
    (*sequence)->truncate(2);
    EXPECT_EQ((*sequence)->length(), 2u);
    const auto result = feed(decoder, **sequence, {kPrompt.data() + 2, 3}, 0);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->token, 7042);
    sequence->reset();
    EXPECT_EQ(decoder.kv_tokens_free(), before);
}

TEST(Step, LimitsAreClearErrors) {
    const RealModel real = load_real_model("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2", {}, 128);
    ASSERT_NE(real.decoder, nullptr);
    Decoder& decoder = *real.decoder;
    EXPECT_EQ(decoder.create_sequence(129).status().code(), Code::kLimitExceeded);
    EXPECT_EQ(decoder.create_sequence(0).status().code(), Code::kLimitExceeded);
    auto small = decoder.create_sequence(3);
    ASSERT_TRUE(small.ok());
    EXPECT_EQ(feed(decoder, **small, kPrompt, 0).status().code(), Code::kLimitExceeded);
    // The pool runs out while another sequence holds its pages; that one goes on.
    auto big = decoder.create_sequence(128);
    auto late = decoder.create_sequence(128);
    ASSERT_TRUE(big.ok() && late.ok());
    const std::vector<TokenId> many(96, 5);
    ASSERT_TRUE(feed(decoder, **late, kPrompt, 0).ok());
    ASSERT_TRUE(feed(decoder, **big, many, 0).ok());
    EXPECT_EQ(decoder.kv_tokens_free(), 0u);
    const std::vector<TokenId> more(40, 5);
    EXPECT_EQ(feed(decoder, **late, more, 0).status().code(), Code::kOutOfDeviceMemory);
    EXPECT_EQ((*late)->length(), kPrompt.size());
    (*big)->truncate(0);
    EXPECT_TRUE(feed(decoder, **late, more, 0).ok());
}

TEST(Step, BadRequestsAreRefused) {
    Decoder& decoder = *smollm2().decoder;
    auto sequence = decoder.create_sequence(64);
    ASSERT_TRUE(sequence.ok());
    const auto code = [&](const StepRequest& request) {
        return decoder.begin(request).status().code();
    };
    StepRequest request;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
    request.sequence = sequence->get();
    EXPECT_EQ(code(request), Code::kInvalidArgument);
    const std::vector<TokenId> bad = {-1};
    request.tokens = bad;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
    const std::vector<TokenId> past = {49152};
    request.tokens = past;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
    request.tokens = kPrompt;
    request.n_top = kMaxTopLogprobs + 1;
    EXPECT_EQ(code(request), Code::kInvalidArgument);
}

}  // namespace alv::model::test
