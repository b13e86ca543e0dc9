// Self-tests of rope and the attention kernels, by the formulas, in double.
#include <algorithm>
#include <cmath>

#include "ops/attention.h"
#include "ops/attention_full.h"
#include "ops/attention_step.h"
#include "ops/rope.h"
#include "ops/self_test_bed.h"

namespace alv::ops {

namespace {

constexpr double kBase = 10000;
constexpr float kEpsilon = 1e-6f;
constexpr float kScale = 0.25f;      // of q . k
constexpr float kTolerance = 2e-3f;  // k and v go through halves
constexpr uint32_t kKvHeads = 2;

double rounded_to_half(double value) {
    return static_cast<double>(half_to_float(float_to_half(static_cast<float>(value))));
}

struct Turn {
    uint32_t rope_dim;
    bool halves;
};

// A head by its norm (`gain` null: none) and the rotation of its position.
std::vector<double> turned(const float* head, uint32_t head_dim, const float* gain, Turn turn,
                           uint32_t position) {
    std::vector<double> v(head, head + head_dim);
    if (gain != nullptr) {
        double sum = 0;
        for (const double value : v) sum += value * value;
        const double factor = 1 / std::sqrt(sum / head_dim + static_cast<double>(kEpsilon));
        for (uint32_t d = 0; d < head_dim; ++d) v[d] *= factor * static_cast<double>(gain[d]);
    }
    const uint32_t n = turn.rope_dim / 2;
    for (uint32_t f = 0; f < n; ++f) {
        const double angle = position * std::pow(kBase, -2.0 * f / turn.rope_dim);
        double& a = v[turn.halves ? f : 2 * f];
        double& b = v[turn.halves ? f + n : 2 * f + 1];
        const double x = a;
        a = x * std::cos(angle) - b * std::sin(angle);
        b = x * std::sin(angle) + b * std::cos(angle);
    }
    return v;
}

// The paged cache as a kernel sees it, in halves, and as numbers.
class Cache {
  public:
    Cache(uint32_t n_positions, uint32_t head_dim)
        : head_dim_(head_dim),
          n_pages_((n_positions + shared::kPageTokens - 1) / shared::kPageTokens),
          keys_(size_t{n_pages_ + 1} * kKvHeads * head_dim * shared::kPageTokens, kStale),
          values_(keys_) {
        for (uint32_t i = 0; i < n_pages_; ++i) pages_.push_back(n_pages_ - i);
    }
    float& key(uint32_t position, uint32_t head, uint32_t d) {
        const size_t pair =
            (base(position, head) + d / 2 * shared::kPageTokens) + position % shared::kPageTokens;
        return keys_[pair * 2 + d % 2];
    }
    float& value(uint32_t position, uint32_t head, uint32_t d) {
        const size_t pair =
            base(position, head) + position % shared::kPageTokens * (head_dim_ / 2) + d / 2;
        return values_[pair * 2 + d % 2];
    }
    void fill(uint32_t n_positions, TestNumbers& numbers) {
        for (uint32_t p = 0; p < n_positions; ++p) {
            for (uint32_t i = 0; i < kKvHeads * head_dim_; ++i) {
                set(key(p, i / head_dim_, i % head_dim_), numbers);
                set(value(p, i / head_dim_, i % head_dim_), numbers);
            }
        }
    }
    const std::vector<uint32_t>& pages() const { return pages_; }
    const std::vector<float>& keys() const { return keys_; }
    const std::vector<float>& values() const { return values_; }
    static std::vector<uint16_t> halves(const std::vector<float>& values) {
        std::vector<uint16_t> out(values.size());
        std::transform(values.begin(), values.end(), out.begin(), float_to_half);
        return out;
    }

    // What q, scaled, makes of positions `first` .. `last`.
    std::vector<float> attend(const double* q, uint32_t head, uint32_t first, uint32_t last) {
        std::vector<double> weights;
        for (uint32_t p = first; p <= last; ++p) {
            double dot = 0;
            for (uint32_t d = 0; d < head_dim_; ++d) {
                dot += q[d] * static_cast<double>(key(p, head, d));
            }
            weights.push_back(dot);
        }
        const double top = *std::max_element(weights.begin(), weights.end());
        double total = 0;
        for (double& weight : weights) total += weight = std::exp(weight - top);
        std::vector<float> out(head_dim_);
        for (uint32_t d = 0; d < head_dim_; ++d) {
            double sum = 0;
            for (uint32_t p = first; p <= last; ++p) {
                sum += weights[p - first] * static_cast<double>(value(p, head, d));
            }
            out[d] = static_cast<float>(sum / total);
        }
        return out;
    }

  private:
    static constexpr float kStale = 3.0f;  // what nobody may see
    static void set(float& to, TestNumbers& numbers) {
        to = half_to_float(float_to_half(numbers.in(-1, 1)));
    }
    size_t base(uint32_t position, uint32_t head) const {
        return (size_t{pages_[position / shared::kPageTokens]} * kKvHeads + head) *
               (head_dim_ / 2) * shared::kPageTokens;
    }

    uint32_t head_dim_;
    uint32_t n_pages_;
    std::vector<uint32_t> pages_;
    std::vector<float> keys_;
    std::vector<float> values_;
};

uint32_t oldest(uint32_t position, uint32_t window) {
    return window != 0 && position >= window ? position - window + 1 : 0;
}

void rope_case(TestBed& bed, Turn turn, bool qk_norm) {
    TestNumbers numbers(qk_norm ? 3 : 4);
    constexpr uint32_t kHeadDim = 64;
    constexpr uint32_t kHeads = 3;
    constexpr uint32_t kAll = kHeads + 2 * kKvHeads;
    constexpr uint32_t kTokens = 2;
    constexpr uint32_t kPosition = 63;  // the tokens are of two pages and two rows of angles
    Cache cache(kPosition + kTokens, kHeadDim);
    const auto qkv = numbers.floats(size_t{kTokens} * kAll * kHeadDim);
    const auto gains = numbers.floats(size_t{2} * kHeadDim);
    shared::Step step{};
    step.n_tokens = kTokens;
    step.position = kPosition;
    RopeArgs args;
    args.qkv = bed.put(qkv);
    args.k_cache = bed.put(Cache::halves(cache.keys()));
    args.v_cache = bed.put(Cache::halves(cache.values()));
    args.qk_gain = bed.put(gains);
    args.angles = bed.put(rope_table(kPosition + kTokens, turn.rope_dim, kBase, 1.0, {}));
    args.step = bed.step(step);
    args.pages = bed.put(cache.pages());
    args.n_heads = kHeads;
    args.n_kv_heads = kKvHeads;
    args.head_dim = kHeadDim;
    args.rope_dim = turn.rope_dim;
    args.halves = turn.halves;
    args.qk_norm = qk_norm;
    args.q_scale = kScale;
    args.epsilon = kEpsilon;
    bed.note(record_rope(bed.device(), bed.recorder(), args, {kTokens + 1}));

    std::vector<float> q(qkv);
    for (uint32_t t = 0; t < kTokens; ++t) {
        for (uint32_t head = 0; head < kAll; ++head) {
            const size_t at = (size_t{t} * kAll + head) * kHeadDim;
            const bool is_q = head < kHeads;
            const uint32_t kv_head = is_q ? 0 : (head - kHeads) % kKvHeads;
            const float* const gain = qk_norm ? &gains[is_q ? 0 : kHeadDim] : nullptr;
            const auto v = turned(&qkv[at], kHeadDim, gain, turn, kPosition + t);
            for (uint32_t d = 0; d < kHeadDim; ++d) {
                if (is_q) {
                    q[at + d] = static_cast<float>(v[d]) * kScale;
                } else if (head < kHeads + kKvHeads) {
                    cache.key(kPosition + t, kv_head, d) = static_cast<float>(v[d]);
                } else {
                    cache.value(kPosition + t, kv_head, d) = qkv[at + d];
                }
            }
        }
    }
    bed.expect(args.qkv, std::move(q), 1e-4f);
    bed.expect_halves(args.k_cache, cache.keys(), kTolerance);
    bed.expect_halves(args.v_cache, cache.values(), kTolerance);
}

}  // namespace

void test_rope(const gpu::KernelKey& /*key*/, TestBed& bed) {
    rope_case(bed, {64, false}, false);
    rope_case(bed, {32, true}, true);
}

void test_attention(const gpu::KernelKey& key, TestBed& bed) {
    const uint32_t rows = key.constants[1];
    const uint32_t head_dim = key.constants[2];
    // More rows than a workgroup takes, of several tokens.
    const uint32_t heads_each = std::min(rows, 3u);
    const AttentionShape shape{heads_each * kKvHeads, kKvHeads, head_dim};
    TestNumbers numbers(5);
    shared::Step step{};
    step.n_tokens = rows / heads_each + 1;
    step.position = 37;
    const uint32_t n_all = step.position + step.n_tokens;
    Cache cache(n_all, head_dim);
    cache.fill(n_all, numbers);
    const uint32_t stride = (shape.n_heads + 2 * kKvHeads) * head_dim;
    const auto qkv = numbers.floats(size_t{step.n_tokens} * stride);
    AttentionArgs args;
    args.qkv = bed.put(qkv);
    args.k_cache = bed.put(Cache::halves(cache.keys()));
    args.v_cache = bed.put(Cache::halves(cache.values()));
    args.step = bed.step(step);
    args.pages = bed.put(cache.pages());
    args.shape = shape;
    args.kernel = &key;
    for (const uint32_t window : {0u, 11u}) {
        std::vector<float> want;
        for (uint32_t t = 0; t < step.n_tokens; ++t) {
            const uint32_t position = step.position + t;
            for (uint32_t head = 0; head < shape.n_heads; ++head) {
                const float* const q = &qkv[size_t{t} * stride + size_t{head} * head_dim];
                const std::vector<double> query(q, q + head_dim);
                const auto out = cache.attend(query.data(), head / (shape.n_heads / kKvHeads),
                                              oldest(position, window), position);
                want.insert(want.end(), out.begin(), out.end());
            }
        }
        args.window = window;
        args.out = bed.floats(want.size());
        bed.note(record_attention(bed.device(), bed.recorder(), args, {step.n_tokens}));
        bed.expect(args.out, std::move(want), kTolerance);
    }
}

void test_attention_step(const gpu::KernelKey& key, TestBed& bed) {
    const uint32_t rows = key.constants[1];
    const uint32_t head_dim = key.constants[2];
    const Turn turn{key.constants[3], key.constants[4] != 0};
    TestNumbers numbers(6);
    constexpr uint32_t kPosition = 37;
    const uint32_t n_heads = rows * kKvHeads;
    Cache cache(kPosition + 1, head_dim);
    cache.fill(kPosition, numbers);
    const auto qkv = numbers.floats(size_t{n_heads + 2 * kKvHeads} * head_dim);
    const auto gains = numbers.floats(size_t{2} * head_dim);
    shared::Step step{};
    step.n_tokens = 1;
    step.position = kPosition;
    AttentionStepArgs args;
    args.rope.qkv = bed.put(qkv);
    args.rope.k_cache = bed.put(Cache::halves(cache.keys()));
    args.rope.v_cache = bed.put(Cache::halves(cache.values()));
    args.rope.qk_gain = bed.put(gains);
    args.rope.angles = bed.put(rope_table(kPosition + 1, turn.rope_dim, kBase, 1.0, {}));
    args.rope.step = bed.step(step);
    args.rope.pages = bed.put(cache.pages());
    args.rope.n_heads = n_heads;
    args.rope.n_kv_heads = kKvHeads;
    args.rope.head_dim = head_dim;
    args.rope.rope_dim = turn.rope_dim;
    args.rope.halves = turn.halves;
    args.rope.qk_norm = true;
    args.rope.q_scale = kScale;
    args.rope.epsilon = kEpsilon;
    args.out = bed.floats(size_t{n_heads} * head_dim);
    bed.note(record_attention_step(bed.device(), bed.recorder(), args, {1, 1}));

    for (uint32_t head = 0; head < kKvHeads; ++head) {
        const size_t k = size_t{n_heads + head} * head_dim;
        const size_t v = size_t{n_heads + kKvHeads + head} * head_dim;
        const auto own = turned(&qkv[k], head_dim, &gains[head_dim], turn, kPosition);
        for (uint32_t d = 0; d < head_dim; ++d) {
            cache.key(kPosition, head, d) = static_cast<float>(rounded_to_half(own[d]));
            cache.value(kPosition, head, d) =
                static_cast<float>(rounded_to_half(static_cast<double>(qkv[v + d])));
        }
    }
    std::vector<float> want;
    for (uint32_t head = 0; head < n_heads; ++head) {
        auto q = turned(&qkv[size_t{head} * head_dim], head_dim, gains.data(), turn, kPosition);
        for (double& value : q) value *= static_cast<double>(kScale);
        const auto out = cache.attend(q.data(), head / rows, 0, kPosition);
        want.insert(want.end(), out.begin(), out.end());
    }
    bed.expect(args.out, std::move(want), kTolerance);
    bed.expect_halves(args.rope.k_cache, cache.keys(), kTolerance);
    bed.expect_halves(args.rope.v_cache, cache.values(), kTolerance);
}

void test_attention_full(const gpu::KernelKey& key, TestBed& bed) {
    const uint32_t head_dim = key.constants[2];
    constexpr uint32_t kHeads = 2;
    constexpr uint32_t kTokens = 17;
    constexpr uint32_t kFirst = 5;  // tokens of the first text; the others are of the second
    TestNumbers numbers(7);
    std::vector<shared::TokenPlace> places;
    for (uint32_t t = 0; t < kTokens; ++t) {
        const bool one = t < kFirst;
        places.push_back({one ? t : t - kFirst, one ? 0 : kFirst, one ? kFirst : kTokens, 0});
    }
    const size_t width = size_t{kHeads} * head_dim;
    const auto qkv = numbers.floats(kTokens * 3 * width);
    std::vector<float> want;
    for (size_t t = 0; t < kTokens; ++t) {
        for (size_t i = 0; i < width; ++i) {
            const size_t head = i / head_dim * head_dim;
            const float* const q = &qkv[t * 3 * width + head];
            double total = 0;
            double sum = 0;
            for (size_t p = places[t].first; p < places[t].end; ++p) {
                const float* const k = &qkv[p * 3 * width + width + head];
                double dot = 0;
                for (uint32_t d = 0; d < head_dim; ++d) {
                    dot += static_cast<double>(q[d]) * static_cast<double>(k[d]);
                }
                const double weight = std::exp(dot * static_cast<double>(kScale));
                total += weight;
                sum += weight * static_cast<double>(qkv[p * 3 * width + 2 * width + i]);
            }
            want.push_back(static_cast<float>(sum / total));
        }
    }
    shared::Step step{};
    step.n_tokens = kTokens;
    AttentionFullArgs args;
    args.qkv = bed.put(qkv);
    args.places = bed.put(places);
    args.out = bed.floats(want.size());
    args.step = bed.step(step);
    args.n_heads = kHeads;
    args.head_dim = head_dim;
    args.scale = kScale;
    bed.note(record_attention_full(bed.device(), bed.recorder(), args, kTokens));
    bed.expect(args.out, std::move(want), kTolerance);
}

}  // namespace alv::ops
