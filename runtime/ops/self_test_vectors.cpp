// Self-tests of the kernels that go over vectors.
#include <cmath>

#include "ops/bias.h"
#include "ops/glu.h"
#include "ops/layer_norm.h"
#include "ops/norm_add.h"
#include "ops/pool.h"
#include "ops/self_test_bed.h"

namespace alv::ops {

namespace {

constexpr uint32_t kDim = 100;  // no multiple of a workgroup
constexpr uint32_t kTokens = 3;
constexpr float kEpsilon = 1e-5f;
constexpr float kTolerance = 1e-3f;

gpu::BufferView put_step(TestBed& bed, uint32_t n_tokens = kTokens) {
    shared::Step step{};
    step.n_tokens = n_tokens;
    return bed.step(step);
}

double wide(float value) {
    return static_cast<double>(value);
}

}  // namespace

void test_norm_add(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(8);
    const auto y = numbers.floats(size_t{kTokens} * kDim);
    auto h = numbers.floats(y.size());
    const auto post_gain = numbers.floats(kDim);
    const auto gain = numbers.floats(kDim);
    NormAddArgs args;
    args.y = bed.put(y);
    args.post_gain = bed.put(post_gain);
    args.h = bed.put(h);
    args.gain = bed.put(gain);
    args.gained = bed.floats(h.size());
    args.step = put_step(bed);
    args.dim = kDim;
    args.epsilon = kEpsilon;
    bed.note(record_norm_add(bed.device(), bed.recorder(), args, kTokens + 1));
    std::vector<float> gained(h.size());
    for (size_t t = 0; t < kTokens; ++t) {
        double sum = 0;
        for (size_t i = t * kDim; i < (t + 1) * kDim; ++i) sum += wide(y[i]) * wide(y[i]);
        const double factor = 1 / std::sqrt(sum / kDim + wide(kEpsilon));
        for (size_t i = t * kDim; i < (t + 1) * kDim; ++i) {
            h[i] += static_cast<float>(wide(y[i]) * factor) * post_gain[i % kDim];
            gained[i] = h[i] * gain[i % kDim];
        }
    }
    bed.expect(args.h, std::move(h), kTolerance);
    bed.expect(args.gained, std::move(gained), kTolerance);
}

void test_glu(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(9);
    const auto gate_up = numbers.floats(size_t{kTokens} * 2 * kDim, 3.0f);
    GluArgs args;
    args.gate_up = bed.put(gate_up);
    args.step = put_step(bed);
    args.n = kDim;
    for (const bool gelu : {false, true}) {
        std::vector<float> want;
        for (size_t t = 0; t < kTokens; ++t) {
            for (size_t i = 0; i < kDim; ++i) {
                const double v = wide(gate_up[t * 2 * kDim + i]);
                const double inner = 0.7978845608028654 * (v + 0.044715 * v * v * v);
                const double act = gelu ? 0.5 * v * (1 + std::tanh(inner)) : v / (1 + std::exp(-v));
                want.push_back(static_cast<float>(act * wide(gate_up[t * 2 * kDim + kDim + i])));
            }
        }
        args.y = bed.floats(want.size());
        args.gelu = gelu;
        bed.note(record_glu(bed.device(), bed.recorder(), args, kTokens + 1));
        bed.expect(args.y, std::move(want), kTolerance);
    }
}

void test_bias(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(10);
    const auto y = numbers.floats(size_t{kTokens} * kDim, 2.0f);
    const auto bias = numbers.floats(kDim);
    BiasArgs args;
    args.bias = bed.put(bias);
    args.step = put_step(bed);
    args.n = kDim;
    for (const bool gelu : {false, true}) {
        std::vector<float> want;
        for (size_t i = 0; i < y.size(); ++i) {
            const double v = wide(y[i]) + wide(bias[i % kDim]);
            const double act = gelu ? 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))) : v;
            want.push_back(static_cast<float>(act));
        }
        args.y = bed.put(y);
        args.gelu = gelu;
        bed.note(record_bias(bed.device(), bed.recorder(), args, kTokens + 1));
        bed.expect(args.y, std::move(want), kTolerance);
    }
}

void test_layer_norm(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(11);
    const std::vector<shared::TokenPlace> places{{2, 0, 3, 0}, {0, 0, 3, 0}, {1, 0, 3, 0}};
    const auto y = numbers.floats(size_t{kTokens} * kDim);
    const auto h = numbers.floats(y.size());
    const auto bias = numbers.floats(kDim);
    const auto gain = numbers.floats(kDim);
    const auto beta = numbers.floats(kDim);
    LayerNormArgs args;
    args.y = bed.put(y);
    args.bias = bed.put(bias);
    args.gain = bed.put(gain);
    args.beta = bed.put(beta);
    args.places = bed.put(places);
    args.step = put_step(bed);
    args.dim = kDim;
    args.epsilon = kEpsilon;
    for (const bool by_position : {false, true}) {
        std::vector<float> want(h);
        for (size_t t = 0; t < kTokens; ++t) {
            const size_t row = by_position ? places[t].position : t;
            std::vector<double> v(kDim);
            double mean = 0;
            for (size_t i = 0; i < kDim; ++i) {
                v[i] = wide(h[t * kDim + i]) + wide(y[row * kDim + i]) + wide(bias[i]);
                mean += v[i] / kDim;
            }
            double squares = 0;
            for (const double value : v) squares += (value - mean) * (value - mean);
            const double factor = 1 / std::sqrt(squares / kDim + wide(kEpsilon));
            for (size_t i = 0; i < kDim; ++i) {
                want[t * kDim + i] =
                    static_cast<float>((v[i] - mean) * factor * wide(gain[i]) + wide(beta[i]));
            }
        }
        args.h = bed.put(h);
        args.by_position = by_position;
        bed.note(record_layer_norm(bed.device(), bed.recorder(), args, kTokens + 1));
        bed.expect(args.h, std::move(want), kTolerance);
    }
}

void test_pool(const gpu::KernelKey& /*key*/, TestBed& bed) {
    TestNumbers numbers(12);
    const std::vector<shared::TokenPlace> texts{{0, 0, 2, 0}, {0, 2, 9, 0}};
    const auto h = numbers.floats(size_t{9} * kDim);
    std::vector<float> want;
    for (const shared::TokenPlace& text : texts) {
        std::vector<double> mean(kDim);
        double squares = 0;
        for (size_t i = 0; i < kDim; ++i) {
            for (size_t t = text.first; t < text.end; ++t) mean[i] += wide(h[t * kDim + i]);
            mean[i] /= text.end - text.first;
            squares += mean[i] * mean[i];
        }
        for (const double value : mean) {
            want.push_back(static_cast<float>(value / std::sqrt(squares)));
        }
    }
    const auto n_texts = static_cast<uint32_t>(texts.size());
    PoolArgs args;
    args.h = bed.put(h);
    args.texts = bed.put(texts);
    args.out = bed.floats(want.size());
    args.step = put_step(bed, n_texts);
    args.dim = kDim;
    bed.note(record_pool(bed.device(), bed.recorder(), args, n_texts + 1));
    bed.expect(args.out, std::move(want), kTolerance);
}

}  // namespace alv::ops
