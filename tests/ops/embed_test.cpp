// embed: rows of every weight type, in chunks, with scale and the gained copy.
#include "ops/embed.h"

#include "ops/op_fixture.h"

namespace alv::ops::test {

TEST(Embed, EveryTypeGivesItsRowsFromEveryChunk) {
    constexpr uint32_t kVocab = 75;
    constexpr uint32_t kDim = 256;
    const std::vector<uint32_t> tokens = {0, 74, 31, 32, 63, 64, 1, 40, 0, 0};
    constexpr uint32_t kTokens = 8;  // the last two are not of this step
    for (const Tier& tier : lane_tiers()) {
        for (const DType type : kWeightTypes) {
            const auto blocks = random_blocks(type, kVocab, kDim, 5);
            const auto dense = dequantized(type, blocks, kVocab, kDim);
            const Weight weight = make_weight(*tier.device, type, blocks, kVocab, kDim, 32);
            const auto gain = random_floats(kDim, 6);
            const gpu::Buffer h =
                make_buffer(*tier.device, std::vector<float>(tokens.size() * kDim, -7.0f));
            const gpu::Buffer gained =
                make_buffer(*tier.device, std::vector<float>(tokens.size() * kDim, -7.0f));
            shared::Step step{};
            step.n_tokens = kTokens;
            EmbedArgs args;
            args.weight = &weight;
            args.tokens = make_buffer(*tier.device, tokens);
            args.gain = make_buffer(*tier.device, gain);
            args.h = h;
            args.gained = gained;
            args.step = make_step(*tier.device, step);
            args.scale = 3.5f;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_embed(*tier.device, recorder, args,
                                    static_cast<uint32_t>(tokens.size()));
            });
            std::vector<float> want(tokens.size() * kDim, -7.0f);
            std::vector<float> want_gained = want;
            for (uint32_t t = 0; t < kTokens; ++t) {
                for (uint32_t i = 0; i < kDim; ++i) {
                    want[t * kDim + i] = dense[size_t{tokens[t]} * kDim + i] * args.scale;
                    want_gained[t * kDim + i] = want[t * kDim + i] * gain[i];
                }
            }
            const std::string what = tier.name + " " + std::string(dtype_traits(type).name);
            expect_close(read_buffer<float>(*tier.device, h), want, 1e-3f, what);
            expect_close(read_buffer<float>(*tier.device, gained), want_gained, 1e-3f, what);
        }
    }
}

}  // namespace alv::ops::test
