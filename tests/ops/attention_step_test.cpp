// attention_step against rope and attention one after the other, which have references of their
// own: the same output, and the same bits in the kv cache.
#include "ops/attention_step.h"

#include <numeric>

#include "ops/op_fixture.h"

namespace alv::ops::test {

namespace {

struct Case {
    AttentionShape shape;
    uint32_t rope_dim;
    bool halves;
    bool qk_norm;
    uint32_t window;
};

const std::vector<Case> kCases = {
    {{9, 3, 64}, 64, false, false, 0},  {{4, 2, 64}, 64, true, true, 0},
    {{4, 1, 256}, 256, true, true, 40}, {{2, 1, 128}, 64, true, false, 0},
    {{3, 1, 128}, 32, false, true, 5},  {{20, 2, 64}, 64, false, false, 33},
};

class Sample {
  public:
    Sample(gpu::Device& device, const Case& c, uint32_t position) : device_(device), case_(c) {
        const AttentionShape& shape = c.shape;
        const uint32_t n_pages = position / 32 + 1;
        std::vector<uint32_t> table(n_pages);
        std::iota(table.rbegin(), table.rend(), 1u);
        words_.resize(size_t{n_pages + 1} * shape.n_kv_heads * 16 * shape.head_dim);
        std::mt19937 random(7);
        for (uint32_t& word : words_) {  // finite halves below 1
            word = random() & 0xbbffbbffu;
        }
        n_all_ = (shape.n_heads + 2 * shape.n_kv_heads) * shape.head_dim;
        shared::Step step{};
        step.n_tokens = 1;
        step.position = position;
        rope_.angles = make_buffer(device, rope_table(position + 1, c.rope_dim, 1e4, 1.0, {}));
        rope_.qk_gain = make_buffer(device, random_floats(size_t{2} * shape.head_dim, 3));
        rope_.step = make_step(device, step);
        rope_.pages = make_buffer(device, table);
        rope_.n_heads = shape.n_heads;
        rope_.n_kv_heads = shape.n_kv_heads;
        rope_.head_dim = shape.head_dim;
        rope_.rope_dim = c.rope_dim;
        rope_.halves = c.halves;
        rope_.qk_norm = c.qk_norm;
        rope_.q_scale = 0.125f;
        rope_.epsilon = 1e-6f;
    }

    struct Result {
        std::vector<float> out;
        std::vector<uint32_t> keys;
        std::vector<uint32_t> values;
    };
    Result run(bool at_once) {
        RopeArgs rope = rope_;
        const gpu::Buffer keys = make_buffer(device_, words_);
        const gpu::Buffer values = make_buffer(device_, words_);
        const gpu::Buffer out = make_buffer(
            device_, std::vector<float>(size_t{case_.shape.n_heads} * case_.shape.head_dim, -7.0f));
        rope.qkv = make_buffer(device_, random_floats(n_all_, 1));
        rope.k_cache = keys;
        rope.v_cache = values;
        test::run(device_, [&](gpu::Recorder& recorder) -> Status {
            if (at_once) {
                return record_attention_step(device_, recorder, {rope, out, case_.window}, 1);
            }
            ALV_RETURN_IF_ERROR(record_rope(device_, recorder, rope, {}));
            return record_attention(
                device_, recorder,
                {rope.qkv, keys, values, out, rope.step, rope.pages, case_.shape, case_.window},
                {});
        });
        return {read_buffer<float>(device_, out), read_buffer<uint32_t>(device_, keys),
                read_buffer<uint32_t>(device_, values)};
    }

  private:
    gpu::Device& device_;
    const Case& case_;
    RopeArgs rope_;
    std::vector<uint32_t> words_;
    uint32_t n_all_ = 0;
};

}  // namespace

TEST(AttentionStep, DoesWhatRopeAndAttentionDoOneAfterTheOther) {
    size_t n_compared = 0;
    for (const Tier& tier : all_tiers()) {
        for (const Case& c : kCases) {
            const gpu::Plan& plan = tier.device->plan();
            if (!has_attention_step(plan, c.shape, c.rope_dim, c.halves)) continue;
            for (const uint32_t position : {0u, 1u, 31u, 32u, 33u, 100u}) {
                Sample sample(*tier.device, c, position);
                const Sample::Result want = sample.run(false);
                const Sample::Result got = sample.run(true);
                const std::string what = tier.name + ", head_dim " +
                                         std::to_string(c.shape.head_dim) + ", position " +
                                         std::to_string(position);
                // A half of the own key that rounds otherwise moves its score.
                expect_close(got.out, want.out, c.qk_norm ? 2e-3f : 1e-5f, what);
                EXPECT_EQ(got.values, want.values) << what;
                ASSERT_EQ(got.keys.size(), want.keys.size());
                for (size_t i = 0; i < want.keys.size(); ++i) {
                    // Sums of squares are added in another order: the last bit of a half may
                    // differ.
                    for (const uint32_t shift : {0u, 16u}) {
                        ASSERT_NEAR(half_to_float(static_cast<uint16_t>(got.keys[i] >> shift)),
                                    half_to_float(static_cast<uint16_t>(want.keys[i] >> shift)),
                                    2e-3)
                            << what;
                    }
                }
                ++n_compared;
            }
        }
    }
    const gpu::Plan& plan = all_tiers()[0].device->plan();
    if (has_attention_step(plan, kCases[0].shape, 64, false)) {
        EXPECT_GT(n_compared, 0u);
    }
}

TEST(AttentionStep, WhatHasNoKernelIsRefused) {
    gpu::Device& device = *all_tiers()[0].device;
    EXPECT_FALSE(has_attention_step(device.plan(), {2, 1, 96}, 32, false));
    EXPECT_FALSE(has_attention_step(device.plan(), {2, 1, 64}, 32, true));
    AttentionStepArgs args;
    args.rope.n_heads = 2;
    args.rope.n_kv_heads = 1;
    args.rope.head_dim = 96;
    args.rope.rope_dim = 32;
    const auto recorder = device.record("test");
    EXPECT_EQ(record_attention_step(device, *recorder, args, 1).code(), Code::kUnsupported);
}

}  // namespace alv::ops::test
