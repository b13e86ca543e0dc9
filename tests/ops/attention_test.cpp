// attention over a shuffled page table against a float64 softmax: head sizes, groups of query
// heads, windows, lengths around page borders, one token and many.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

struct Case {
    uint32_t n_heads;
    uint32_t n_kv_heads;
    uint32_t head_dim;
    uint32_t window;
    uint32_t position;
    uint32_t n_tokens;
    uint32_t max_tokens;
};

struct Cache {
    std::vector<uint32_t> keys;
    std::vector<uint32_t> values;
    std::vector<uint32_t> table;
    std::vector<float> k;  // (position, kv_head, dim), as rounded to f16
    std::vector<float> v;
};

Cache make_cache(const Case& c) {
    const uint32_t n = c.position + c.n_tokens;
    const uint32_t n_pages = (n + 31) / 32;
    Cache cache;
    cache.table.resize(n_pages);
    std::iota(cache.table.begin(), cache.table.end(), 1u);
    std::shuffle(cache.table.begin(), cache.table.end(), std::mt19937(9));
    const size_t words = size_t{n_pages + 1} * c.n_kv_heads * 16 * c.head_dim;
    cache.keys.assign(words, 0);
    cache.values.assign(words, 0);
    cache.k = random_floats(size_t{n} * c.n_kv_heads * c.head_dim, 1);
    cache.v = random_floats(cache.k.size(), 2);
    for (size_t i = 0; i < cache.k.size(); ++i) {
        const size_t d = i % c.head_dim;
        const size_t head = i / c.head_dim % c.n_kv_heads;
        const size_t p = i / c.head_dim / c.n_kv_heads;
        const size_t base = (cache.table[p / 32] * c.n_kv_heads + head) * (c.head_dim / 2) * 32;
        const uint32_t k = float_to_half(cache.k[i]);
        const uint32_t v = float_to_half(cache.v[i]);
        cache.k[i] = half_to_float(static_cast<uint16_t>(k));
        cache.v[i] = half_to_float(static_cast<uint16_t>(v));
        cache.keys[base + d / 2 * 32 + p % 32] |= k << (16 * (d % 2));
        cache.values[base + p % 32 * (c.head_dim / 2) + d / 2] |= v << (16 * (d % 2));
    }
    return cache;
}

// Output of one (token, head).
std::vector<float> attend(const Case& c, const Cache& cache, const float* q, uint32_t position,
                          uint32_t kv_head) {
    const uint32_t first = c.window != 0 && position >= c.window ? position - c.window + 1 : 0;
    std::vector<double> weights;
    for (uint32_t p = first; p <= position; ++p) {
        double dot = 0;
        for (uint32_t d = 0; d < c.head_dim; ++d) {
            dot +=
                static_cast<double>(q[d]) *
                static_cast<double>(cache.k[(size_t{p} * c.n_kv_heads + kv_head) * c.head_dim + d]);
        }
        weights.push_back(dot);
    }
    const double top = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& w : weights) total += w = std::exp(w - top);
    std::vector<float> out(c.head_dim);
    for (uint32_t d = 0; d < c.head_dim; ++d) {
        double sum = 0;
        for (uint32_t p = first; p <= position; ++p) {
            sum +=
                weights[p - first] *
                static_cast<double>(cache.v[(size_t{p} * c.n_kv_heads + kv_head) * c.head_dim + d]);
        }
        out[d] = static_cast<float>(sum / total);
    }
    return out;
}

}  // namespace

TEST(Attention, AgreesWithTheReference) {
    const std::vector<Case> cases = {
        {9, 3, 64, 0, 0, 1, 1},     {9, 3, 64, 0, 31, 1, 1},     {9, 3, 64, 0, 300, 1, 1},
        {9, 3, 64, 0, 0, 33, 40},   {9, 3, 64, 0, 95, 7, 8},     {4, 1, 256, 0, 70, 1, 1},
        {4, 1, 256, 40, 100, 1, 1}, {4, 1, 256, 40, 20, 50, 64}, {4, 1, 256, 16, 130, 9, 16},
        {2, 2, 32, 0, 64, 3, 8},    {8, 2, 96, 33, 64, 5, 8},    {8, 8, 128, 1, 40, 4, 8},
        {5, 1, 64, 0, 1000, 2, 8},
    };
    for (const Tier& tier : all_tiers()) {
        for (size_t i = 0; i < cases.size(); ++i) {
            const Case& c = cases[i];
            const Cache cache = make_cache(c);
            const uint32_t stride = (c.n_heads + 2 * c.n_kv_heads) * c.head_dim;
            const auto qkv = random_floats(size_t{c.max_tokens} * stride, 3, 0.3f);
            shared::Step step{};
            step.n_tokens = c.n_tokens;
            step.position = c.position;
            AttentionArgs args;
            const gpu::Buffer out = make_buffer(
                *tier.device, std::vector<float>(size_t{c.max_tokens} * c.n_heads * c.head_dim));
            args.qkv = make_buffer(*tier.device, qkv);
            args.k_cache = make_buffer(*tier.device, cache.keys);
            args.v_cache = make_buffer(*tier.device, cache.values);
            args.out = out;
            args.step = make_step(*tier.device, step);
            args.pages = make_buffer(*tier.device, cache.table);
            args.shape.n_heads = c.n_heads;
            args.shape.n_kv_heads = c.n_kv_heads;
            args.shape.head_dim = c.head_dim;
            args.window = c.window;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_attention(*tier.device, recorder, args, {c.max_tokens});
            });
            const auto got = read_buffer<float>(*tier.device, out);
            for (uint32_t t = 0; t < c.n_tokens; ++t) {
                for (uint32_t head = 0; head < c.n_heads; ++head) {
                    const auto want = attend(c, cache, &qkv[size_t{t} * stride + head * c.head_dim],
                                             c.position + t, head / (c.n_heads / c.n_kv_heads));
                    const size_t at = (size_t{t} * c.n_heads + head) * c.head_dim;
                    const std::vector<float> mine(got.begin() + static_cast<long>(at),
                                                  got.begin() + static_cast<long>(at + c.head_dim));
                    expect_close(mine, want, 2e-3f,
                                 tier.name + " case " + std::to_string(i) + " token " +
                                     std::to_string(t) + " head " + std::to_string(head));
                }
            }
        }
    }
}

TEST(Attention, RefusesHeadsItHasNoKernelFor) {
    gpu::Device& device = *all_tiers()[0].device;
    const auto recorder = device.record("refused");
    AttentionArgs args;
    args.shape.n_heads = 2;
    args.shape.n_kv_heads = 1;
    args.shape.head_dim = 80;
    EXPECT_EQ(record_attention(device, *recorder, args, {}).code(), Code::kInvalidArgument);
    args.shape.head_dim = 64;
    args.shape.n_kv_heads = 3;
    EXPECT_EQ(record_attention(device, *recorder, args, {}).code(), Code::kInvalidArgument);
}

}  // namespace alv::ops::test
