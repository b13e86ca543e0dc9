// pool: the mean of each text's tokens, of length 1.
#include "ops/pool.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

TEST(Pool, AgreesWithTheReference) {
    const std::vector<shared::TokenPlace> texts = {
        {0, 0, 1, 0}, {0, 1, 30, 0}, {0, 30, 33, 0}, {0, 0, 33, 0}};
    constexpr uint32_t kTexts = 3;  // the fourth is not asked for
    for (const Tier& tier : lane_tiers()) {
        gpu::Device& device = *tier.device;
        for (const uint32_t dim : {4u, 100u, 384u, 1028u}) {
            const auto h = random_floats(size_t{33} * dim, 9);
            shared::Step step{};
            step.n_tokens = kTexts;
            const gpu::Buffer out = make_buffer(device, std::vector<float>(texts.size() * dim));
            const PoolArgs args{make_buffer(device, h), make_buffer(device, texts), out,
                                make_step(device, step), dim};
            run(device, [&](gpu::Recorder& recorder) {
                return record_pool(device, recorder, args, static_cast<uint32_t>(texts.size()));
            });
            std::vector<float> want(texts.size() * dim);
            for (size_t text = 0; text < kTexts; ++text) {
                std::vector<double> mean(dim);
                double squares = 0;
                for (size_t i = 0; i < dim; ++i) {
                    for (size_t t = texts[text].first; t < texts[text].end; ++t) {
                        mean[i] += static_cast<double>(h[t * dim + i]);
                    }
                    mean[i] /= texts[text].end - texts[text].first;
                    squares += mean[i] * mean[i];
                }
                for (size_t i = 0; i < dim; ++i) {
                    want[text * dim + i] = static_cast<float>(mean[i] / std::sqrt(squares));
                }
            }
            expect_close(read_buffer<float>(device, out), want, 1e-5f,
                         tier.name + " dim " + std::to_string(dim));
        }
    }
}

}  // namespace alv::ops::test
