// glu: both activations, sizes that are no multiple of the lanes, large inputs without overflow.
#include "ops/glu.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

TEST(Glu, AgreesWithTheReferenceAndStaysFinite) {
    constexpr uint32_t kTokens = 2;
    for (const Tier& tier : lane_tiers()) {
        for (const uint32_t n : {4u, 100u, 1536u}) {
            for (const bool gelu : {false, true}) {
                auto gate_up = random_floats(size_t{kTokens + 1} * 2 * n, 1, 3.0f);
                gate_up[0] = 90.0f;
                gate_up[1] = -90.0f;
                shared::Step step{};
                step.n_tokens = kTokens;
                GluArgs args;
                const gpu::Buffer y =
                    make_buffer(*tier.device, std::vector<float>(size_t{kTokens + 1} * n));
                args.gate_up = make_buffer(*tier.device, gate_up);
                args.y = y;
                args.step = make_step(*tier.device, step);
                args.n = n;
                args.gelu = gelu;
                run(*tier.device, [&](gpu::Recorder& recorder) {
                    return record_glu(*tier.device, recorder, args, kTokens + 1);
                });
                std::vector<float> want(size_t{kTokens + 1} * n);
                for (uint32_t t = 0; t < kTokens; ++t) {
                    for (uint32_t i = 0; i < n; ++i) {
                        const double g = static_cast<double>(gate_up[t * 2 * n + i]);
                        const double u = static_cast<double>(gate_up[t * 2 * n + n + i]);
                        const double inner = 0.7978845608028654 * (g + 0.044715 * g * g * g);
                        const double a =
                            gelu ? 0.5 * g * (1 + std::tanh(inner)) : g / (1 + std::exp(-g));
                        want[t * n + i] = static_cast<float>(a * u);
                    }
                }
                expect_close(read_buffer<float>(*tier.device, y), want, 1e-5f,
                             tier.name + (gelu ? " gelu " : " silu ") + std::to_string(n));
            }
        }
    }
}

}  // namespace alv::ops::test
