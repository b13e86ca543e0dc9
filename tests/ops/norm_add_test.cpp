// norm_add: the post-norm, the residual sum and the gained copy.
#include "ops/norm_add.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

TEST(NormAdd, AgreesWithTheReference) {
    constexpr uint32_t kTokens = 3;
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t dim : {4u, 36u, 640u, 1156u}) {
            const auto y = random_floats(size_t{kTokens + 1} * dim, 1, 5.0f);
            const auto h = random_floats(y.size(), 2);
            const auto post_gain = random_floats(dim, 3);
            const auto gain = random_floats(dim, 4);
            shared::Step step{};
            step.n_tokens = kTokens;
            NormAddArgs args;
            const gpu::Buffer h_buffer = make_buffer(*tier.device, h);
            const gpu::Buffer gained = make_buffer(*tier.device, std::vector<float>(y.size()));
            args.y = make_buffer(*tier.device, y);
            args.post_gain = make_buffer(*tier.device, post_gain);
            args.h = h_buffer;
            args.gain = make_buffer(*tier.device, gain);
            args.gained = gained;
            args.step = make_step(*tier.device, step);
            args.dim = dim;
            args.epsilon = 1e-6f;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_norm_add(*tier.device, recorder, args, kTokens + 1);
            });
            std::vector<float> want = h;
            std::vector<float> want_gained(y.size());
            for (uint32_t t = 0; t < kTokens; ++t) {
                double sum = 0;
                for (uint32_t i = 0; i < dim; ++i) {
                    sum += std::pow(static_cast<double>(y[t * dim + i]), 2);
                }
                const auto r = static_cast<float>(1 / std::sqrt(sum / dim + 1e-6));
                for (uint32_t i = 0; i < dim; ++i) {
                    want[t * dim + i] += y[t * dim + i] * r * post_gain[i];
                    want_gained[t * dim + i] = want[t * dim + i] * gain[i];
                }
            }
            const std::string what = tier.name + " dim " + std::to_string(dim);
            expect_close(read_buffer<float>(*tier.device, h_buffer), want, 1e-5f, what);
            expect_close(read_buffer<float>(*tier.device, gained), want_gained, 1e-5f, what);
        }
    }
}

}  // namespace alv::ops::test
