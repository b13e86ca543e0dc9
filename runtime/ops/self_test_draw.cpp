// Self-tests of the kernels that go over logits.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/logprobs.h"
#include "ops/sample.h"
#include "ops/self_test_bed.h"

namespace alv::ops {

namespace {

constexpr uint32_t kVocab = 300;
constexpr uint64_t kSeed = 0x123456789abc;
constexpr double kTemperature = 2.0;

// Philox4x32-10 (Salmon et al. 2011): word `word` of counter (c0, c1, 0, 0).
uint32_t philox(uint32_t c0, uint32_t c1, uint32_t word) {
    std::array<uint32_t, 4> c{c0, c1, 0, 0};
    auto k0 = static_cast<uint32_t>(kSeed);
    auto k1 = static_cast<uint32_t>(kSeed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
        const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
        c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
             static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return c[word];
}

struct Limits {
    uint32_t top_k;
    double top_p;
    double min_p;
};
constexpr Limits kLimits{40, 0.8, 0.05};

// Tokens in the order of their logits, and the probability of each relative to the first.
class Drawer {
  public:
    explicit Drawer(const std::vector<double>& logits) : order_(logits.size()) {
        std::iota(order_.begin(), order_.end(), 0u);
        std::stable_sort(order_.begin(), order_.end(),
                         [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
        for (const uint32_t token : order_) {
            weights_.push_back(std::exp((logits[token] - logits[order_[0]]) / kTemperature));
        }
    }
    uint32_t likeliest() const { return order_[0]; }

    struct Draw {
        uint32_t token;
        double margin;  // of its score over the next one
    };
    Draw draw(const Limits& limits, uint32_t position) const {
        size_t n = std::min<size_t>(limits.top_k, order_.size());
        const double all =
            std::accumulate(weights_.begin(), weights_.begin() + static_cast<long>(n), 0.0);
        double sum = 0;
        size_t n_kept = 0;
        while (n_kept < n && sum < limits.top_p * all) sum += weights_[n_kept++];
        Draw best{order_[0], 0};
        double top = -std::numeric_limits<double>::infinity();
        double second = top;
        for (size_t i = 0; i < n_kept && weights_[i] >= limits.min_p && weights_[i] > 0; ++i) {
            const uint32_t token = order_[i];
            const uint32_t bits = philox(token / 4, position, token % 4);
            const double u = ((bits >> 8) + 0.5) / 16777216.0;
            const double score = std::log(weights_[i]) - std::log(-std::log(u));
            if (score > top) {
                second = top;
                top = score;
                best.token = token;
            } else {
                second = std::max(second, score);
            }
        }
        best.margin = top - second;
        return best;
    }

  private:
    std::vector<uint32_t> order_;
    std::vector<double> weights_;
};

// A position whose draw is decided by the limits, and clearly: no rounding may change it.
uint32_t clear_position(const Drawer& drawer, uint32_t after) {
    constexpr uint32_t kTries = 1000;
    for (uint32_t position = after + 1; position < after + kTries; ++position) {
        const Drawer::Draw draw = drawer.draw(kLimits, position);
        if (draw.margin < 0.1) continue;
        if (drawer.draw({kVocab, 1, 0}, position).token == draw.token) continue;
        const auto same = [&](const Limits& limits) {
            return drawer.draw(limits, position).token == draw.token;
        };
        if (same({39, 0.78, 0.055}) && same({41, 0.82, 0.045})) return position;
    }
    return after + kTries;
}

}  // namespace

// Mask and penalty with and without a temperature, and each limit, two draws; the logits come back
// as they were.
void test_sample(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(13);
    const auto logits = numbers.floats(kVocab, 8.0f);
    constexpr float kPenalty = 1.5f;
    const auto likeliest =
        static_cast<uint32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    const auto unlikeliest =
        static_cast<uint32_t>(std::min_element(logits.begin(), logits.end()) - logits.begin());
    const std::vector<uint32_t> penalty{likeliest, unlikeliest};
    std::vector<uint32_t> allowed((kVocab + 31) / 32, 0xffffffff);
    std::vector<double> seen(logits.begin(), logits.end());
    for (const uint32_t token : penalty) {
        seen[token] *=
            seen[token] > 0 ? 1 / static_cast<double>(kPenalty) : static_cast<double>(kPenalty);
    }
    // What would come next is not allowed.
    const uint32_t masked = Drawer(seen).likeliest();
    allowed[masked / 32] &= ~(1u << masked % 32);
    seen[masked] = -std::numeric_limits<double>::infinity();
    const Drawer drawer(seen);

    SampleArgs args;
    args.logits = bed.put(logits);
    args.penalty = bed.put(penalty);
    args.allowed = bed.put(allowed);
    args.n_vocab = kVocab;
    shared::Step step{};
    step.n_tokens = 1;
    step.n_penalty = static_cast<uint32_t>(penalty.size());
    step.repeat_penalty = kPenalty;
    step.masked = 1;
    step.top_p = 1;
    const auto record = [&](uint32_t want) {
        args.step = bed.step(step);
        args.answer = bed.put(std::vector<shared::Drawn>(1));
        bed.note(record_sample(bed.device(), bed.recorder(), args));
        bed.expect({args.answer.buffer, args.answer.offset, sizeof want}, std::vector{want});
    };
    record(drawer.likeliest());
    step.temperature = static_cast<float>(kTemperature);
    step.top_k = kLimits.top_k;
    step.top_p = static_cast<float>(kLimits.top_p);
    step.min_p = static_cast<float>(kLimits.min_p);
    step.seed_low = static_cast<uint32_t>(kSeed);
    step.seed_high = static_cast<uint32_t>(kSeed >> 32);
    for (int i = 0; i < 2; ++i) {
        step.draw = clear_position(drawer, step.draw);
        record(drawer.draw(kLimits, step.draw).token);
    }
    bed.expect(args.logits, logits, 0);
}

// The drawn token and the best ones, then two rows of a scored text.
void test_logprobs(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(14);
    constexpr uint32_t kTop = 3;
    constexpr uint32_t kDrawn = 7;
    const auto logits = numbers.floats(size_t{2} * kVocab, 8.0f);
    const auto log_sum = [&](size_t row) {
        double sum = 0;
        for (size_t i = 0; i < kVocab; ++i) {
            sum += std::exp(static_cast<double>(logits[row * kVocab + i]));
        }
        return std::log(sum);
    };
    const auto logprob = [&](size_t row, uint32_t token) {
        return static_cast<float>(static_cast<double>(logits[row * kVocab + token]) - log_sum(row));
    };
    std::vector<uint32_t> order(kVocab);
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });

    LogprobsArgs args;
    args.logits = bed.put(logits);
    args.targets = bed.put(std::vector<uint32_t>{1, 2, kVocab - 1});
    args.scores = bed.floats(3);
    shared::Drawn drawn{};
    drawn.token = kDrawn;
    args.answer = bed.put(std::vector{drawn});
    args.n_vocab = kVocab;
    shared::Step step{};
    step.n_tokens = 3;
    step.n_top = kTop;
    args.step = bed.step(step);
    bed.note(record_logprobs(bed.device(), bed.recorder(), args));
    const auto word = [&](size_t i) {
        return gpu::BufferView(args.answer.buffer, args.answer.offset + i * 4, 4);
    };
    constexpr float kTolerance = 1e-3f;
    bed.expect(word(1), std::vector{logprob(0, kDrawn)}, kTolerance);
    for (uint32_t i = 0; i < kTop; ++i) {
        bed.expect(word(4 + size_t{2} * i), std::vector{order[i]});
        bed.expect(word(5 + size_t{2} * i), std::vector{logprob(0, order[i])}, kTolerance);
    }
    step.n_top = 0;
    step.score_first = 1;
    step.n_score = 2;
    args.step = bed.step(step);
    args.n_rows = 2;
    bed.note(record_logprobs(bed.device(), bed.recorder(), args));
    const gpu::BufferView scored(args.scores.buffer, args.scores.offset + 4, 8);
    bed.expect(scored, std::vector{logprob(0, 2), logprob(1, kVocab - 1)}, kTolerance);
}

}  // namespace alv::ops
