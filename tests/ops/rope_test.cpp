// rope: rotation by both kinds, partial rotation, q and k norms, and the pages of the kv cache.
#include "ops/rope.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

struct Case {
    uint32_t n_heads;
    uint32_t n_kv_heads;
    uint32_t head_dim;
    uint32_t rope_dim;
    bool halves;
    bool qk_norm;
    uint32_t position;
};

constexpr double kBase = 10000.0;

// One head, rotated as the papers write it, in double.
std::vector<double> rotated(std::vector<double> v, const Case& c, uint32_t position) {
    const uint32_t n = c.rope_dim / 2;
    for (uint32_t f = 0; f < n; ++f) {
        const double angle = position * std::pow(kBase, -2.0 * f / c.rope_dim);
        const uint32_t a = c.halves ? f : 2 * f;
        const uint32_t b = c.halves ? f + n : 2 * f + 1;
        const double x = v[a];
        const double y = v[b];
        v[a] = x * std::cos(angle) - y * std::sin(angle);
        v[b] = x * std::sin(angle) + y * std::cos(angle);
    }
    return v;
}

std::vector<double> head_of(const std::vector<float>& qkv, size_t at, const Case& c,
                            const std::vector<float>* gain, float epsilon) {
    std::vector<double> v(qkv.begin() + static_cast<long>(at),
                          qkv.begin() + static_cast<long>(at + c.head_dim));
    if (gain == nullptr) return v;
    double sum = 0;
    for (const double x : v) sum += x * x;
    const double r = 1 / std::sqrt(sum / c.head_dim + static_cast<double>(epsilon));
    for (uint32_t i = 0; i < c.head_dim; ++i) v[i] *= r * static_cast<double>((*gain)[i]);
    return v;
}

float cached(const std::vector<uint32_t>& cache, size_t pair, uint32_t half) {
    return half_to_float(static_cast<uint16_t>(cache[pair] >> (16 * half)));
}

}  // namespace

TEST(Rope, RotatesNormsAndFillsThePages) {
    const std::vector<Case> cases = {{3, 1, 64, 64, false, false, 0},
                                     {4, 2, 64, 64, true, true, 61},
                                     {2, 2, 32, 16, false, false, 5000},
                                     {2, 1, 96, 32, true, false, 131},
                                     {4, 1, 256, 256, true, true, 30}};
    constexpr uint32_t kTokens = 5;
    constexpr uint32_t kPages = 4;
    for (const Tier& tier : lane_tiers()) {
        for (const Case& c : cases) {
            const uint32_t n_all = c.n_heads + 2 * c.n_kv_heads;
            const auto qkv = random_floats(size_t{kTokens} * n_all * c.head_dim, 1);
            const auto q_gain = random_floats(c.head_dim, 2);
            const auto k_gain = random_floats(c.head_dim, 3);
            const size_t cache_words = size_t{kPages} * c.n_kv_heads * 32 * c.head_dim / 2;
            std::vector<uint32_t> table((c.position + kTokens) / 32 + 1, 0);
            table.back() = 2;
            if (table.size() > 1) table[table.size() - 2] = 3;
            shared::Step step{};
            step.n_tokens = kTokens;
            step.position = c.position;
            RopeArgs args;
            const gpu::Buffer qkv_buffer = make_buffer(*tier.device, qkv);
            const gpu::Buffer k_cache =
                make_buffer(*tier.device, std::vector<uint32_t>(cache_words, 0));
            const gpu::Buffer v_cache =
                make_buffer(*tier.device, std::vector<uint32_t>(cache_words, 0));
            args.qkv = qkv_buffer;
            args.k_cache = k_cache;
            args.v_cache = v_cache;
            std::vector<float> gains = q_gain;
            gains.insert(gains.end(), k_gain.begin(), k_gain.end());
            args.qk_gain = make_buffer(*tier.device, gains);
            args.angles = make_buffer(*tier.device,
                                      rope_table(c.position + kTokens, c.rope_dim, kBase, 1.0, {}));
            args.step = make_step(*tier.device, step);
            args.pages = make_buffer(*tier.device, table);
            args.n_heads = c.n_heads;
            args.n_kv_heads = c.n_kv_heads;
            args.head_dim = c.head_dim;
            args.rope_dim = c.rope_dim;
            args.halves = c.halves;
            args.qk_norm = c.qk_norm;
            args.q_scale = 0.125f;
            args.epsilon = 1e-6f;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_rope(*tier.device, recorder, args, {kTokens + 3});
            });
            const auto q_out = read_buffer<float>(*tier.device, qkv_buffer);
            const auto k_out = read_buffer<uint32_t>(*tier.device, k_cache);
            const auto v_out = read_buffer<uint32_t>(*tier.device, v_cache);
            for (uint32_t t = 0; t < kTokens; ++t) {
                const uint32_t position = c.position + t;
                const size_t page = table[position / 32];
                const uint32_t slot = position % 32;
                for (uint32_t head = 0; head < n_all; ++head) {
                    const size_t at = (size_t{t} * n_all + head) * c.head_dim;
                    const bool is_q = head < c.n_heads;
                    const bool is_v = head >= c.n_heads + c.n_kv_heads;
                    const std::vector<float>* gain =
                        c.qk_norm && !is_v ? (is_q ? &q_gain : &k_gain) : nullptr;
                    auto want = head_of(qkv, at, c, gain, args.epsilon);
                    if (!is_v) want = rotated(want, c, position);
                    const size_t kv_head = is_q ? 0 : (head - c.n_heads) % c.n_kv_heads;
                    const size_t base = (page * c.n_kv_heads + kv_head) * (c.head_dim / 2) * 32;
                    for (uint32_t d = 0; d < c.head_dim; ++d) {
                        double got = 0;
                        if (is_q) {
                            got = static_cast<double>(q_out[at + d]) / 0.125;
                        } else if (is_v) {
                            got = static_cast<double>(
                                cached(v_out, base + slot * (c.head_dim / 2) + d / 2, d % 2));
                        } else {
                            got =
                                static_cast<double>(cached(k_out, base + d / 2 * 32 + slot, d % 2));
                        }
                        ASSERT_NEAR(got, want[d], is_q ? 2e-5 : 4e-3)
                            << tier.name << " head_dim " << c.head_dim << " token " << t << " head "
                            << head << " dim " << d;
                    }
                }
            }
        }
    }
}

TEST(Rope, RefusesOddHeads) {
    gpu::Device& device = *all_tiers()[0].device;
    const auto recorder = device.record("refused");
    RopeArgs args;
    args.head_dim = 30;
    args.rope_dim = 30;
    EXPECT_EQ(record_rope(device, *recorder, args, {}).code(), Code::kInvalidArgument);
}

}  // namespace alv::ops::test
