// logprobs: the drawn token's, the n best with ties to the lower id, and a scored text's.
#include "ops/logprobs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

double log_sum(const float* logits, uint32_t n) {
    const float top = *std::max_element(logits, logits + n);
    double sum = 0;
    for (uint32_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(logits[i] - top));
    return static_cast<double>(top) + std::log(sum);
}

}  // namespace

TEST(Logprobs, OfTheDrawnTokenAndTheBest) {
    constexpr uint32_t kTop = 10;
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t n : {11u, 1000u, 50001u}) {
            auto logits = random_floats(n, n, 4.0f);
            logits[5] = logits[9] = *std::max_element(logits.begin(), logits.end());
            std::vector<uint32_t> order(n);
            std::iota(order.begin(), order.end(), 0u);
            std::stable_sort(order.begin(), order.end(),
                             [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
            shared::Step step{};
            step.n_tokens = 1;
            step.n_top = kTop;
            std::vector<uint32_t> answer(4 + 2 * shared::kMaxTop);
            answer[0] = 7;  // drawn
            LogprobsArgs args;
            const gpu::Buffer answer_buffer = make_buffer(*tier.device, answer);
            args.logits = make_buffer(*tier.device, logits);
            args.step = make_step(*tier.device, step);
            args.answer = answer_buffer;
            args.targets = make_buffer(*tier.device, std::vector<uint32_t>(8));
            args.scores = make_buffer(*tier.device, std::vector<float>(8));
            args.n_vocab = n;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_logprobs(*tier.device, recorder, args);
            });
            const auto got = read_buffer<uint32_t>(*tier.device, answer_buffer);
            const double sum = log_sum(logits.data(), n);
            const auto value = [&](size_t at) {
                float f;
                std::memcpy(&f, &got[at], 4);
                return static_cast<double>(f);
            };
            EXPECT_NEAR(value(1), static_cast<double>(logits[7]) - sum, 1e-3);
            for (uint32_t i = 0; i < kTop; ++i) {
                ASSERT_EQ(got[4 + 2 * i], order[i])
                    << tier.name << " place " << i << " of " << n << ": " << logits[got[4 + 2 * i]]
                    << " for " << logits[order[i]];
                ASSERT_NEAR(value(5 + 2 * i), static_cast<double>(logits[order[i]]) - sum, 1e-3);
            }
        }
    }
}

TEST(Logprobs, OfAScoredText) {
    constexpr uint32_t kVocab = 777;
    for (const Tier& tier : lane_tiers()) {
        const auto logits = random_floats(8 * kVocab, 1, 3.0f);
        const std::vector<uint32_t> targets = {1, 2, 3, 776, 0, 50, 60, 70, 80, 90};
        shared::Step step{};
        step.n_tokens = 10;
        step.score_first = 4;
        step.n_score = 6;
        LogprobsArgs args;
        const gpu::Buffer scores = make_buffer(*tier.device, std::vector<float>(10, 9.0f));
        args.logits = make_buffer(*tier.device, logits);
        args.step = make_step(*tier.device, step);
        args.answer = make_buffer(*tier.device, std::vector<uint32_t>(4 + 2 * shared::kMaxTop));
        args.targets = make_buffer(*tier.device, targets);
        args.scores = scores;
        args.n_vocab = kVocab;
        args.n_rows = 8;
        run(*tier.device,
            [&](gpu::Recorder& recorder) { return record_logprobs(*tier.device, recorder, args); });
        const auto got = read_buffer<float>(*tier.device, scores);
        for (uint32_t t = 0; t < 10; ++t) {
            if (t < 4) {
                EXPECT_EQ(got[t], 9.0f) << "wrote a token that is not scored";
                continue;
            }
            const float* row = &logits[(t - 4) * kVocab];
            EXPECT_NEAR(static_cast<double>(got[t]),
                        static_cast<double>(row[targets[t]]) - log_sum(row, kVocab), 1e-3);
        }
    }
}

}  // namespace alv::ops::test
