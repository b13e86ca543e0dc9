// layer_norm: residual sum, norm with gain and beta, rows by token and by position.
#include "ops/layer_norm.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

constexpr uint32_t kTokens = 5;
const std::vector<shared::TokenPlace> kPlaces = {{0, 0, 3, 0}, {1, 0, 3, 0}, {2, 0, 3, 0},
                                                 {0, 3, 5, 0}, {1, 3, 5, 0}, {0, 5, 6, 0}};

std::vector<float> reference(std::vector<float> h, const std::vector<float>& y,
                             const std::vector<float>& bias, const std::vector<float>& gain,
                             const std::vector<float>& beta, bool by_position) {
    const size_t dim = bias.size();
    for (size_t t = 0; t < kTokens; ++t) {
        const size_t row = by_position ? kPlaces[t].position : t;
        std::vector<double> sum(dim);
        double mean = 0;
        for (size_t i = 0; i < dim; ++i) {
            sum[i] = static_cast<double>(h[t * dim + i]) + static_cast<double>(y[row * dim + i]) +
                     static_cast<double>(bias[i]);
            mean += sum[i] / static_cast<double>(dim);
        }
        double variance = 0;
        for (const double x : sum) variance += (x - mean) * (x - mean) / static_cast<double>(dim);
        for (size_t i = 0; i < dim; ++i) {
            h[t * dim + i] = static_cast<float>((sum[i] - mean) / std::sqrt(variance + 1e-12) *
                                                    static_cast<double>(gain[i]) +
                                                static_cast<double>(beta[i]));
        }
    }
    return h;
}

}  // namespace

TEST(LayerNorm, AgreesWithTheReference) {
    for (const Tier& tier : lane_tiers()) {
        gpu::Device& device = *tier.device;
        for (const uint32_t dim : {4u, 36u, 384u, 1028u}) {
            for (const bool by_position : {false, true}) {
                const auto h = random_floats(size_t{kTokens + 1} * dim, 1, 4.0f);
                const auto y = random_floats(size_t{kTokens + 1} * dim, 2, 2.0f);
                const auto bias = random_floats(dim, 3);
                const auto gain = random_floats(dim, 4);
                const auto beta = random_floats(dim, 5);
                shared::Step step{};
                step.n_tokens = kTokens;
                const gpu::Buffer buffer = make_buffer(device, h);
                LayerNormArgs args;
                args.y = make_buffer(device, y);
                args.h = buffer;
                args.bias = make_buffer(device, bias);
                args.gain = make_buffer(device, gain);
                args.beta = make_buffer(device, beta);
                args.places = make_buffer(device, kPlaces);
                args.step = make_step(device, step);
                args.dim = dim;
                args.epsilon = 1e-12f;
                args.by_position = by_position;
                run(device, [&](gpu::Recorder& recorder) {
                    return record_layer_norm(device, recorder, args, kTokens + 1);
                });
                expect_close(read_buffer<float>(device, buffer),
                             reference(h, y, bias, gain, beta, by_position), 1e-5f,
                             tier.name + " dim " + std::to_string(dim));
            }
        }
    }
}

}  // namespace alv::ops::test
