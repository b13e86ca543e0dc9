// Loading: small models of both architectures run; what does not fit or is cancelled gives
// everything back; separate gate and up, an own head and many chunks give what the plain model
// gives.
#include <gtest/gtest.h>

#include "base/file.h"
#include "model/decoder.h"
#include "model/tiny_model.h"

namespace alv::model::test {

namespace {

std::shared_ptr<gpu::Device> open_device(const gpu::PlanOverrides& overrides = {}) {
    gpu::DeviceOptions options;
    options.plan = overrides;
    auto device = gpu::Device::create(options, std::make_shared<Log>());
    EXPECT_TRUE(device.ok()) << device.status().message();
    return *device;
}

Result<std::shared_ptr<const Model>> load(const TinyOptions& tiny,
                                          std::shared_ptr<gpu::Device> device,
                                          const LoadOptions& options = {}) {
    ALV_ASSIGN_OR_RETURN(const auto reader, open_gguf(tiny_model(tiny)));
    return Model::load(std::move(device), reader, options);
}

std::vector<float> scores(const TinyOptions& tiny, const gpu::PlanOverrides& overrides = {}) {
    auto model = load(tiny, open_device(overrides));
    EXPECT_TRUE(model.ok()) << model.status().message();
    if (!model.ok()) return {};
    auto decoder = Decoder::create(*model);
    EXPECT_TRUE(decoder.ok()) << decoder.status().message();
    if (!decoder.ok()) return {};
    auto sequence = (*decoder)->create_sequence(200);
    std::vector<TokenId> tokens(150);
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i * 7 % 256);
    auto result = (*decoder)->score(**sequence, tokens, 0);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *result : std::vector<float>{};
}

void expect_same(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
    ASSERT_EQ(a.size(), b.size());
    ASSERT_FALSE(a.empty());
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << i;
}

uint64_t used(const gpu::Device& device) {
    uint64_t total = 0;
    for (const uint64_t bytes : device.memory_use().used_bytes) total += bytes;
    return total;
}

}  // namespace

TEST(TinyModel, SmallRangesAndWideWorkgroupsChangeNothing) {
    for (const char* arch : {"llama", "gemma3"}) {
        TinyOptions tiny;
        tiny.arch = arch;
        const auto plain = scores(tiny);
        gpu::PlanOverrides small;
        small.chunk_bytes = 64 * 1024;
        expect_same(scores(tiny, small), plain, 1e-5f);
        gpu::PlanOverrides wide;
        wide.tier = "plain";
        wide.row_lanes = 32;
        wide.reduce_lanes = 64;
        expect_same(scores(tiny, wide), plain, 2e-3f);
    }
}

TEST(TinyModel, AnOwnHeadRuns) {
    TinyOptions tiny;
    tiny.own_head = true;
    EXPECT_EQ(scores(tiny).size(), 149u);
}

TEST(TinyModel, SeparateGateAndUpRun) {
    TinyOptions tiny;
    tiny.up_type = DType::kF16;
    EXPECT_EQ(scores(tiny).size(), 149u);
}

TEST(TinyModel, CancelledLoadGivesEverythingBack) {
    const auto device = open_device();
    const uint64_t before = used(*device);
    for (int stop_at = 0; stop_at < 12; ++stop_at) {
        int calls = 0;
        LoadOptions options;
        options.progress = [&](LoadStage, uint64_t done, uint64_t total) {
            EXPECT_LE(done, total);
            return calls++ != stop_at;
        };
        const auto model = load({}, device, options);
        if (model.ok()) continue;  // it had fewer reports than that
        EXPECT_EQ(model.status().code(), Code::kCancelled);
        EXPECT_EQ(used(*device), before);
    }
}

TEST(TinyModel, WhatDoesNotFitIsRefusedWithWhatWould) {
    const auto device = open_device();
    LoadOptions options;
    options.kv_tokens = 1u << 30;
    const auto model = load({}, device, options);
    ASSERT_FALSE(model.ok());
    EXPECT_EQ(model.status().code(), Code::kOutOfDeviceMemory);
    EXPECT_NE(model.status().message().find("would fit"), std::string::npos)
        << model.status().message();
}

TEST(TinyModel, MemoryPlanIsWhatALoadTakes) {
    const auto device = open_device();
    const auto reader = open_gguf(tiny_model({}));
    ASSERT_TRUE(reader.ok());
    const auto plan = plan_memory(*device, **reader, {});
    ASSERT_TRUE(plan.ok());
    const uint64_t before = used(*device);
    const auto model = Model::load(device, *reader, {});
    ASSERT_TRUE(model.ok());
    const auto decoder = Decoder::create(*model);
    ASSERT_TRUE(decoder.ok());
    const uint64_t taken = used(*device) - before;
    const uint64_t planned = plan->weights_bytes + plan->kv_bytes + plan->scratch_bytes;
    EXPECT_GE(taken, planned);
    EXPECT_LE(taken, planned + (1u << 20)) << "gains, rope tables and alignment only";
}

}  // namespace alv::model::test
