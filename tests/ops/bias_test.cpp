// bias: the sum, and GELU by the error function of the standard library.
#include "ops/bias.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

TEST(Bias, AgreesWithTheReference) {
    constexpr uint32_t kTokens = 5;
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t n : {4u, 36u, 384u, 1152u}) {
            for (const bool gelu : {false, true}) {
                const auto y = random_floats(size_t{kTokens + 2} * n, 1, 3.0f);
                const auto bias = random_floats(n, 2);
                shared::Step step{};
                step.n_tokens = kTokens;
                const gpu::Buffer buffer = make_buffer(*tier.device, y);
                BiasArgs args;
                args.y = buffer;
                args.bias = make_buffer(*tier.device, bias);
                args.step = make_step(*tier.device, step);
                args.n = n;
                args.gelu = gelu;
                run(*tier.device, [&](gpu::Recorder& recorder) {
                    return record_bias(*tier.device, recorder, args, kTokens + 2);
                });
                std::vector<float> want = y;
                for (size_t i = 0; i < size_t{kTokens} * n; ++i) {
                    const double x = static_cast<double>(y[i]) + static_cast<double>(bias[i % n]);
                    want[i] =
                        static_cast<float>(gelu ? x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))) : x);
                }
                expect_close(read_buffer<float>(*tier.device, buffer), want, 1e-6f,
                             tier.name + " n " + std::to_string(n));
            }
        }
    }
}

TEST(Bias, GeluKeepsItsTails) {
    const gpu::Buffer y = make_buffer<float>(*lane_tiers()[0].device, {-40, -6, 0, 40});
    gpu::Device& device = *lane_tiers()[0].device;
    shared::Step step{};
    step.n_tokens = 1;
    const BiasArgs args{y, make_buffer<float>(device, {0, 0, 0, 0}), make_step(device, step), 4,
                        true};
    run(device, [&](gpu::Recorder& recorder) { return record_bias(device, recorder, args, 1); });
    const auto got = read_buffer<float>(device, y);
    EXPECT_NEAR(got[0], 0, 1e-5);
    EXPECT_NEAR(got[1], 0, 1e-5);
    EXPECT_EQ(got[2], 0);
    EXPECT_EQ(got[3], 40);
}

}  // namespace alv::ops::test
