// attention_full: several texts in one step, rows of a block, against a double reference.
#include "ops/attention_full.h"

#include <cmath>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

struct Case {
    uint32_t n_heads;
    uint32_t head_dim;
    std::vector<uint32_t> lengths;  // of the texts
    uint32_t first_row;
    uint32_t n_rows;
};

std::vector<shared::TokenPlace> places_of(const std::vector<uint32_t>& lengths) {
    std::vector<shared::TokenPlace> places;
    uint32_t first = 0;
    for (const uint32_t n : lengths) {
        for (uint32_t i = 0; i < n; ++i) places.push_back({i, first, first + n, 0});
        first += n;
    }
    return places;
}

std::vector<float> reference(const Case& c, const std::vector<float>& qkv,
                             const std::vector<shared::TokenPlace>& places, float scale) {
    const size_t width = size_t{c.n_heads} * c.head_dim;
    std::vector<float> out(places.size() * width);
    for (size_t t = c.first_row; t < c.first_row + c.n_rows; ++t) {
        for (size_t head = 0; head < c.n_heads; ++head) {
            const float* q = &qkv[t * 3 * width + head * c.head_dim];
            std::vector<double> scores;
            double top = -1e300;
            for (size_t k = places[t].first; k < places[t].end; ++k) {
                const float* key = &qkv[k * 3 * width + width + head * c.head_dim];
                double score = 0;
                for (size_t d = 0; d < c.head_dim; ++d) score += double{q[d]} * double{key[d]};
                scores.push_back(score * static_cast<double>(scale));
                top = std::max(top, scores.back());
            }
            double total = 0;
            for (double& score : scores) total += score = std::exp(score - top);
            for (size_t d = 0; d < c.head_dim; ++d) {
                double sum = 0;
                for (size_t k = 0; k < scores.size(); ++k) {
                    sum += scores[k] * double{qkv[(places[t].first + k) * 3 * width + 2 * width +
                                                  head * c.head_dim + d]};
                }
                out[t * width + head * c.head_dim + d] = static_cast<float>(sum / total);
            }
        }
    }
    return out;
}

}  // namespace

TEST(AttentionFull, AgreesWithTheReference) {
    const std::vector<Case> cases = {
        {1, 32, {1}, 0, 1},        {2, 32, {7}, 0, 7},      {12, 32, {3, 1, 40, 9}, 0, 53},
        {3, 64, {17, 30}, 10, 33},  // a block: its rows begin in the middle of a text
        {2, 128, {5, 6}, 0, 11},   {2, 32, {512}, 448, 64},
    };
    for (const Tier& tier : lane_tiers()) {
        gpu::Device& device = *tier.device;
        for (const Case& c : cases) {
            const auto places = places_of(c.lengths);
            const size_t width = size_t{c.n_heads} * c.head_dim;
            const auto qkv = random_floats(places.size() * 3 * width, 7, 1.5f);
            const float scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
            shared::Step step{};
            step.n_tokens = c.n_rows;
            step.position = c.first_row;
            const gpu::Buffer out = make_buffer(device, std::vector<float>(places.size() * width));
            const AttentionFullArgs args{make_buffer(device, qkv),
                                         make_buffer(device, places),
                                         out,
                                         make_step(device, step),
                                         c.n_heads,
                                         c.head_dim,
                                         scale};
            run(device, [&](gpu::Recorder& recorder) {
                return record_attention_full(device, recorder, args, c.n_rows + 20);
            });
            expect_close(read_buffer<float>(device, out), reference(c, qkv, places, scale), 1e-5f,
                         tier.name + " head_dim " + std::to_string(c.head_dim) + " rows " +
                             std::to_string(c.n_rows));
        }
    }
}

TEST(AttentionFull, RefusesAHeadThatIsTooWide) {
    gpu::Device& device = *lane_tiers()[0].device;
    AttentionFullArgs args;
    args.n_heads = 1;
    args.head_dim = 160;
    const auto recorder = device.record("test");
    EXPECT_EQ(record_attention_full(device, *recorder, args, 1).code(), Code::kInvalidArgument);
}

}  // namespace alv::ops::test
