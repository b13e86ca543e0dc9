// matmul against a float64 product of the dequantized weights: every weight type, every tier,
// odd row counts, several chunks, token counts around the tile of columns, and every epilogue.
#include "ops/matmul.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

constexpr float kGuard = -777.0f;  // what unwritten output keeps

std::vector<float> product(const std::vector<float>& w, const std::vector<float>& x, uint32_t rows,
                           uint32_t k, uint32_t tokens) {
    std::vector<float> y(size_t{tokens} * rows);
    for (uint32_t t = 0; t < tokens; ++t) {
        for (uint32_t r = 0; r < rows; ++r) {
            double sum = 0;
            for (uint32_t i = 0; i < k; ++i) {
                sum += static_cast<double>(w[size_t{r} * k + i]) *
                       static_cast<double>(x[size_t{t} * k + i]);
            }
            y[size_t{t} * rows + r] = static_cast<float>(sum);
        }
    }
    return y;
}

float inverse_rms(const float* h, uint32_t k, float epsilon) {
    double sum = 0;
    for (uint32_t i = 0; i < k; ++i) sum += static_cast<double>(h[i]) * static_cast<double>(h[i]);
    return static_cast<float>(1.0 / std::sqrt(sum / k + static_cast<double>(epsilon)));
}

float act(float v, bool gelu) {
    if (!gelu) return v / (1 + std::exp(-v));
    return 0.5f * v * (1 + std::tanh(0.7978845608f * (v + 0.044715f * v * v * v)));
}

struct Shape {
    uint32_t rows;
    uint32_t k;
    uint32_t rows_each;  // of a chunk
};

uint32_t padded(uint32_t tokens) {
    return (tokens + 7) / 8 * 8;
}

}  // namespace

TEST(Matmul, EveryTypeTierAndTokenCountAgreesWithTheReference) {
    const std::vector<Shape> shapes = {{96, 256, 96}, {70, 512, 32}, {33, 768, 64}};
    for (const Tier& tier : all_tiers()) {
        for (const DType type : kWeightTypes) {
            for (size_t s = 0; s < shapes.size(); ++s) {
                const Shape& shape = shapes[s];
                const auto blocks =
                    random_blocks(type, shape.rows, shape.k, static_cast<uint32_t>(7 + s));
                const auto dense = dequantized(type, blocks, shape.rows, shape.k);
                const Weight weight =
                    make_weight(*tier.device, type, blocks, shape.rows, shape.k, shape.rows_each);
                const uint32_t many = tier.device->plan().matmul_columns;
                for (const auto& [columns, tokens] : std::vector<std::pair<uint32_t, uint32_t>>{
                         {1, 1}, {1, 3}, {many, 1}, {many, 7}, {many, 13}}) {
                    const auto x = random_floats(size_t{padded(tokens)} * shape.k, 3);
                    MatmulArgs args;
                    args.weight = &weight;
                    args.x = make_buffer(*tier.device, x);
                    const gpu::Buffer y = make_buffer(
                        *tier.device,
                        std::vector<float>(size_t{padded(tokens)} * shape.rows, kGuard));
                    args.y = y;
                    shared::Step step{};
                    step.n_tokens = tokens;
                    args.step = make_step(*tier.device, step);
                    run(*tier.device, [&](gpu::Recorder& recorder) {
                        return record_matmul(*tier.device, recorder, args, columns, padded(tokens));
                    });
                    auto got = read_buffer<float>(*tier.device, y);
                    for (size_t i = size_t{tokens} * shape.rows; i < got.size(); ++i) {
                        ASSERT_EQ(got[i], kGuard) << "wrote past the step's tokens";
                    }
                    got.resize(size_t{tokens} * shape.rows);
                    expect_close(got, product(dense, x, shape.rows, shape.k, tokens), 2e-3f,
                                 tier.name + " " + std::string(dtype_traits(type).name) +
                                     " shape " + std::to_string(s) + " tokens " +
                                     std::to_string(tokens));
                }
            }
        }
    }
}

TEST(Matmul, NormedGatedProductAgreesWithTheReference) {
    constexpr uint32_t kRows = 70;
    constexpr uint32_t kK = 288;
    constexpr uint32_t kTokens = 5;
    for (const Tier& tier : all_tiers()) {
        for (const bool gelu : {false, true}) {
            const auto gate = random_blocks(DType::kQ4_1, kRows, kK, 1);
            const auto up = random_blocks(DType::kQ4_1, kRows, kK, 2);
            const Weight weight = make_weight(*tier.device, DType::kQ4_1, gate, kRows, kK, 32, &up);
            const auto h = random_floats(8 * kK, 4, 3.0f);
            const auto gain = random_floats(kK, 5);
            std::vector<float> x(h.size());
            for (size_t i = 0; i < x.size(); ++i) x[i] = h[i] * gain[i % kK];
            MatmulArgs args;
            args.weight = &weight;
            args.x = make_buffer(*tier.device, x);
            args.h = make_buffer(*tier.device, h);
            args.norm = true;
            args.gelu = gelu;
            args.epsilon = 1e-5f;
            const gpu::Buffer y = make_buffer(*tier.device, std::vector<float>(8 * kRows));
            args.y = y;
            shared::Step step{};
            step.n_tokens = kTokens;
            args.step = make_step(*tier.device, step);
            for (const uint32_t columns : {1u, tier.device->plan().matmul_columns}) {
                run(*tier.device, [&](gpu::Recorder& recorder) {
                    return record_matmul(*tier.device, recorder, args, columns, 8);
                });
                auto got = read_buffer<float>(*tier.device, y);
                got.resize(kTokens * kRows);
                auto a = product(dequantized(DType::kQ4_1, gate, kRows, kK), x, kRows, kK, kTokens);
                const auto b =
                    product(dequantized(DType::kQ4_1, up, kRows, kK), x, kRows, kK, kTokens);
                for (size_t i = 0; i < a.size(); ++i) {
                    const float r = inverse_rms(&h[i / kRows * kK], kK, args.epsilon);
                    a[i] = act(a[i] * r, gelu) * b[i] * r;
                }
                expect_close(got, a, 2e-3f, tier.name + (gelu ? " gelu" : " silu"));
            }
        }
    }
}

TEST(Matmul, ResidualSumAndGainedCopyAgreeWithTheReference) {
    constexpr uint32_t kRows = 96;
    constexpr uint32_t kK = 128;
    constexpr uint32_t kTokens = 6;
    for (const Tier& tier : all_tiers()) {
        const auto blocks = random_blocks(DType::kQ8_0, kRows, kK, 1);
        const Weight weight = make_weight(*tier.device, DType::kQ8_0, blocks, kRows, kK, 64);
        const auto x = random_floats(8 * kK, 2);
        const auto h = random_floats(8 * kRows, 3);
        const auto gain = random_floats(kRows, 4);
        MatmulArgs args;
        args.weight = &weight;
        args.x = make_buffer(*tier.device, x);
        const gpu::Buffer y = make_buffer(*tier.device, h);
        const gpu::Buffer gained = make_buffer(*tier.device, std::vector<float>(8 * kRows));
        args.y = y;
        args.add = true;
        args.gain = make_buffer(*tier.device, gain);
        args.gained = gained;
        shared::Step step{};
        step.n_tokens = kTokens;
        args.step = make_step(*tier.device, step);
        run(*tier.device, [&](gpu::Recorder& recorder) {
            return record_matmul(*tier.device, recorder, args, tier.device->plan().matmul_columns,
                                 8);
        });
        auto want = product(dequantized(DType::kQ8_0, blocks, kRows, kK), x, kRows, kK, kTokens);
        auto want_gained = want;
        for (size_t i = 0; i < want.size(); ++i) {
            want[i] += h[i];
            want_gained[i] = want[i] * gain[i % kRows];
        }
        auto got = read_buffer<float>(*tier.device, y);
        auto got_gained = read_buffer<float>(*tier.device, gained);
        got.resize(want.size());
        got_gained.resize(want.size());
        expect_close(got, want, 1e-3f, tier.name);
        expect_close(got_gained, want_gained, 1e-3f, tier.name + " gained");
    }
}

TEST(Matmul, LastAndScoredRowsPickTheirTokens) {
    constexpr uint32_t kRows = 40;
    constexpr uint32_t kK = 64;
    for (const Tier& tier : all_tiers()) {
        const auto blocks = random_blocks(DType::kF16, kRows, kK, 1);
        const Weight weight = make_weight(*tier.device, DType::kF16, blocks, kRows, kK, kRows);
        const auto x = random_floats(16 * kK, 2);
        const auto all = product(dequantized(DType::kF16, blocks, kRows, kK), x, kRows, kK, 11);
        shared::Step step{};
        step.n_tokens = 11;
        step.score_first = 8;
        MatmulArgs args;
        args.weight = &weight;
        args.x = make_buffer(*tier.device, x);
        args.step = make_step(*tier.device, step);
        for (const bool scored : {false, true}) {
            const gpu::Buffer y = make_buffer(*tier.device, std::vector<float>(8 * kRows));
            args.y = y;
            args.rows = scored ? MatmulRows::kScored : MatmulRows::kLast;
            const uint32_t columns = scored ? tier.device->plan().matmul_columns : 1;
            run(*tier.device, [&](gpu::Recorder& recorder) {
                return record_matmul(*tier.device, recorder, args, columns, scored ? 8 : 1);
            });
            auto got = read_buffer<float>(*tier.device, y);
            got.resize((scored ? 3 : 1) * kRows);
            const std::vector<float> want(all.begin() + (scored ? 8 : 10) * kRows, all.end());
            expect_close(got, want, 1e-3f, tier.name + (scored ? " scored" : " last"));
        }
    }
}

TEST(Matmul, RefusesWhatItCannotDo) {
    gpu::Device& device = *all_tiers()[0].device;
    const auto recorder = device.record("refused");
    Weight weight;
    weight.k = 33;
    weight.n_rows = 1;
    MatmulArgs args;
    args.weight = &weight;
    EXPECT_EQ(record_matmul(device, *recorder, args, 1, 1).code(), Code::kInvalidArgument);
    weight.k = 32;
    EXPECT_EQ(record_matmul(device, *recorder, args, 1, 1).code(), Code::kInvalidArgument);
}

}  // namespace alv::ops::test
