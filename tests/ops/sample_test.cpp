// sample against a host version of its definition: the same token for every combination of
// settings, ties by id, frequencies that follow the distribution, and logits left as they were.
#include "ops/sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

struct Settings {
    float temperature = 0;
    uint32_t top_k = 0;
    float top_p = 1;
    float min_p = 0;
    float penalty = 1;
};

std::array<uint32_t, 4> philox(uint64_t seed, uint32_t c0, uint32_t c1) {
    std::array<uint32_t, 4> c = {c0, c1, 0, 0};
    auto k0 = static_cast<uint32_t>(seed);
    auto k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
        const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
        c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
             static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

// The tokens that top_k, top_p and min_p leave, best first.
std::vector<uint32_t> kept_tokens(const std::vector<float>& logits, const Settings& s) {
    std::vector<uint32_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
    if (s.top_k != 0 && s.top_k < order.size()) order.resize(s.top_k);
    const auto weight = [&](uint32_t i) {
        return std::exp(static_cast<double>(logits[i] - logits[order[0]]) /
                        static_cast<double>(s.temperature));
    };
    if (s.top_p < 1) {
        double total = 0;
        for (const uint32_t i : order) total += weight(i);
        double sum = 0;
        size_t n = 0;
        while (n < order.size() && sum < static_cast<double>(s.top_p) * total) {
            sum += weight(order[n++]);
        }
        order.resize(std::max<size_t>(n, 1));
    }
    std::erase_if(order, [&](uint32_t i) { return weight(i) < static_cast<double>(s.min_p); });
    return order;
}

uint32_t reference(std::vector<float> logits, const Settings& s,
                   const std::vector<uint32_t>& penalty, uint64_t seed, uint32_t draw,
                   const std::vector<uint32_t>& allowed = {}) {
    const auto may = [&](size_t i) {
        return allowed.empty() || (allowed[i / 32] >> i % 32 & 1) != 0;
    };
    for (const uint32_t i : penalty) {
        logits[i] = logits[i] > 0 ? logits[i] / s.penalty : logits[i] * s.penalty;
    }
    for (size_t i = 0; i < logits.size(); ++i) {
        if (!may(i)) logits[i] = -std::numeric_limits<float>::infinity();
    }
    const auto best = std::max_element(logits.begin(), logits.end());
    if (s.temperature == 0) return static_cast<uint32_t>(best - logits.begin());
    double top = -1e300;
    uint32_t token = 0;
    for (const uint32_t i : kept_tokens(logits, s)) {
        if (!may(i)) continue;
        const double u = ((philox(seed, i / 4, draw)[i % 4] >> 8) + 0.5) / 16777216.0;
        const double score =
            static_cast<double>(logits[i] - *best) / static_cast<double>(s.temperature) -
            std::log(-std::log(u));
        if (score > top) {
            top = score;
            token = i;
        }
    }
    return token;
}

class Sampler {
  public:
    Sampler(gpu::Device& device, std::vector<float> logits, const std::vector<uint32_t>& penalty)
        : device_(device),
          n_vocab_(static_cast<uint32_t>(logits.size())),
          n_penalty_(penalty.size()) {
        logits_ = make_buffer(device, logits);
        auto list = penalty;
        list.resize(shared::kMaxPenalty);
        penalty_ = make_buffer(device, list);
        allowed_ = make_buffer(device, std::vector<uint32_t>((n_vocab_ + 31) / 32));
        answer_ = make_buffer(device, std::vector<uint32_t>(4 + 2 * shared::kMaxTop));
        auto step = device.create_buffer(gpu::Domain::kStep, sizeof(shared::Step), "step");
        EXPECT_TRUE(step.ok());
        step_ = *step;
        const auto recorder = device.record("sample");
        EXPECT_TRUE(record_sample(device, *recorder,
                                  {logits_, step_, penalty_, allowed_, answer_, n_vocab_})
                        .ok());
        auto program = recorder->finish();
        EXPECT_TRUE(program.ok());
        program_ = std::move(*program);
    }
    uint32_t draw(const Settings& s, uint64_t seed, uint32_t position,
                  const std::vector<uint32_t>& allowed = {}) {
        shared::Step step{};
        step.masked = allowed.empty() ? 0 : 1;
        std::copy(allowed.begin(), allowed.end(), reinterpret_cast<uint32_t*>(allowed_.mapped()));
        step.n_tokens = step.n_own = 1;
        step.n_penalty = static_cast<uint32_t>(n_penalty_);
        step.top_k = s.top_k;
        step.seed_low = static_cast<uint32_t>(seed);
        step.seed_high = static_cast<uint32_t>(seed >> 32);
        step.draw = position;
        step.temperature = s.temperature;
        step.top_p = s.top_p;
        step.min_p = s.min_p;
        step.repeat_penalty = s.penalty;
        std::memcpy(step_.mapped(), &step, sizeof step);
        const auto value = device_.submit(*program_, 0, program_->n_segments());
        EXPECT_TRUE(value.ok() && *device_.wait(*value, UINT64_MAX));
        return read_buffer<uint32_t>(device_, answer_)[0];
    }
    std::vector<float> logits() { return read_buffer<float>(device_, logits_); }

  private:
    gpu::Device& device_;
    uint32_t n_vocab_;
    size_t n_penalty_;
    gpu::Buffer logits_, step_, penalty_, allowed_, answer_;
    std::unique_ptr<gpu::Program> program_;
};

}  // namespace

TEST(Sample, EqualsItsDefinitionForEveryCombination) {
    const std::vector<Settings> all = {
        {},
        {.penalty = 1.5f},
        {.temperature = 1},
        {.temperature = 0.8f, .top_k = 40},
        {.temperature = 1.3f, .top_k = 1},
        {.temperature = 1, .top_p = 0.9f},
        {.temperature = 1.5f, .top_p = 0.3f},
        {.temperature = 1, .top_p = 0.0001f},
        {.temperature = 1, .min_p = 0.05f},
        {.temperature = 2, .top_k = 50, .top_p = 0.95f, .min_p = 0.01f, .penalty = 1.2f},
        {.temperature = 0.7f, .top_k = 5000, .top_p = 0.99f},
    };
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t n : {3u, 1000u, 49152u}) {
            const auto logits = random_floats(n, n, 5.0f);
            std::vector<uint32_t> penalty = {0, 2};
            if (n > 100) penalty.push_back(77);
            Sampler sampler(*tier.device, logits, penalty);
            for (size_t i = 0; i < all.size(); ++i) {
                for (uint32_t position = 1; position <= 3; ++position) {
                    const uint64_t seed = 0x123456789abcull + position;
                    const auto list = all[i].penalty != 1 ? penalty : std::vector<uint32_t>{};
                    ASSERT_EQ(sampler.draw(all[i], seed, position),
                              reference(logits, all[i], list, seed, position))
                        << tier.name << " vocabulary " << n << " settings " << i;
                }
            }
            ASSERT_EQ(sampler.logits(), logits) << "the logits were not put back";
        }
    }
}

TEST(Sample, DrawsOnlyWhatTheMaskAllows) {
    const std::vector<Settings> all = {
        {},
        {.penalty = 1.5f},
        {.temperature = 1.5f},
        {.temperature = 1, .top_k = 4},
        {.temperature = 1, .top_k = 500},
        {.temperature = 1, .top_p = 0.7f},
        {.temperature = 1, .min_p = 0.1f},
    };
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t n : {3u, 1000u, 49152u}) {
            const auto logits = random_floats(n, n + 1, 5.0f);
            Sampler sampler(*tier.device, logits, {0, 2});
            for (const uint32_t every : {1u, 7u, 2000u}) {
                std::vector<uint32_t> allowed((n + 31) / 32);
                for (uint32_t i = every / 2 % n; i < n; i += every) allowed[i / 32] |= 1u << i % 32;
                for (const Settings& s : all) {
                    const std::vector<uint32_t> penalty =
                        s.penalty != 1 ? std::vector<uint32_t>{0, 2} : std::vector<uint32_t>{};
                    ASSERT_EQ(sampler.draw(s, 7, 3, allowed),
                              reference(logits, s, penalty, 7, 3, allowed))
                        << tier.name << " vocabulary " << n << " one of " << every << " top_k "
                        << s.top_k;
                }
            }
            ASSERT_EQ(sampler.logits(), logits) << "the logits were not put back";
        }
    }
}

TEST(Sample, TiesGoToTheLowerId) {
    for (const Tier& tier : lane_tiers()) {
        std::vector<float> logits(600, -20.0f);
        for (const uint32_t i : {100u, 300u, 301u, 302u, 555u}) logits[i] = 1.0f;
        Sampler sampler(*tier.device, logits, {});
        EXPECT_EQ(sampler.draw({}, 1, 1), 100u);
        for (uint32_t position = 0; position < 20; ++position) {
            const uint32_t token = sampler.draw({.temperature = 1, .top_k = 2}, 4, position);
            EXPECT_TRUE(token == 100 || token == 300) << tier.name << " drew " << token;
            const uint32_t by_mass = sampler.draw({.temperature = 1, .top_p = 0.5f}, 4, position);
            EXPECT_TRUE(by_mass == 100 || by_mass == 300 || by_mass == 301) << by_mass;
        }
    }
}

TEST(Sample, FrequenciesFollowTheDistribution) {
    // chi-squared over 5 tokens and 4,000 draws: 18.5 is exceeded once in 1,000 by chance, and the
    // draws are always the same.
    gpu::Device& device = *all_tiers()[0].device;
    const std::vector<float> logits = {0.0f, 1.0f, 2.0f, -1.0f, 0.5f};
    Sampler sampler(device, logits, {});
    std::array<double, 5> seen{};
    constexpr uint32_t kDraws = 4000;
    for (uint32_t i = 0; i < kDraws; ++i) seen[sampler.draw({.temperature = 1}, 99, i)] += 1;
    double total = 0;
    for (const float l : logits) total += std::exp(static_cast<double>(l));
    double chi = 0;
    for (size_t i = 0; i < seen.size(); ++i) {
        const double expected = kDraws * std::exp(static_cast<double>(logits[i])) / total;
        chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    EXPECT_LT(chi, 18.5);
}

}  // namespace alv::ops::test
