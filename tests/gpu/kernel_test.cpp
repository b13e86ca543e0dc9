// Pipelines: constants, limits, many at once.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "gpu/gpu_test.h"

namespace alv::gpu {
namespace {

class KernelTest : public testing::Test {
  protected:
    void SetUp() override {
        device_ = open_device();
        ASSERT_NE(device_, nullptr);
    }
    Status status_of(const KernelKey& key) { return device_->kernel(key).status(); }
    std::shared_ptr<Device> device_;
};

TEST_F(KernelTest, ConstantsArriveInTheShader) {
    const BufferView to = make_buffer(*device_, Domain::kReadback, 2);
    const auto run_with = [&](std::vector<uint32_t> constants) {
        const auto recorder = device_->record("constants");
        recorder->dispatch(get_kernel(*device_, "local_size", std::move(constants)), {&to, 1}, {},
                           1);
        const auto program = recorder->finish();
        EXPECT_TRUE(program.ok() && run(*device_, **program).ok());
        return read_words(*device_, to);
    };
    EXPECT_EQ(run_with({16}), (std::vector<uint32_t>{32, 7})) << "a default stays";
    EXPECT_EQ(run_with({8, 123}), (std::vector<uint32_t>{16, 123}));
}

TEST_F(KernelTest, HolesInTheBindingsMayBeEmpty) {
    const BufferView from = make_buffer(*device_, Domain::kScratch, 64);
    const BufferView to = make_buffer(*device_, Domain::kScratch, 64);
    ASSERT_TRUE(write_words(*device_, from, std::vector<uint32_t>(64, 9)).ok());
    const auto recorder = device_->record("hole");
    const BufferView bindings[]{from, BufferView(), to};
    recorder->dispatch(get_kernel(*device_, "copy_words"), bindings, {}, 1);
    const auto program = recorder->finish();
    ASSERT_TRUE(program.ok()) << program.status().message();
    ASSERT_TRUE(run(*device_, **program).ok());
    EXPECT_EQ(read_words(*device_, to), std::vector<uint32_t>(64, 9));
}

TEST_F(KernelTest, OneKeyIsOneKernel) {
    const Kernel* const a = get_kernel(*device_, "scale", {64});
    EXPECT_EQ(a, get_kernel(*device_, "scale", {64}));
    EXPECT_NE(a, get_kernel(*device_, "scale", {32}));
    EXPECT_EQ(a->key().shader, "scale");
    EXPECT_EQ(a->interface().n_bindings, 2U);
}

TEST_F(KernelTest, WhatADriverWouldBreakOnIsRefused) {
    EXPECT_EQ(status_of({"no such shader", {}}).code(), Code::kNotFound);
    EXPECT_EQ(status_of({"scale", {0}}).code(), Code::kLimitExceeded);
    EXPECT_EQ(status_of({"scale", {1U << 30}}).code(), Code::kLimitExceeded);
    EXPECT_EQ(status_of({"scale", {UINT32_MAX}}).code(), Code::kLimitExceeded);
}

TEST_F(KernelTest, EveryEmbeddedShaderMakesAPipeline) {
    const Plan& plan = device_->plan();
    std::vector<KernelKey> keys;
    for (const ShaderBlob& shader : embedded_shaders()) {
        const bool shares = shader.name.find("share") != std::string_view::npos ||
                            shader.name.find("subgroup") != std::string_view::npos ||
                            shader.name == "attention_step";
        if (shares && !device_->caps().subgroup_shuffle) continue;
        keys.push_back({std::string(shader.name), {plan.row_lanes}});
    }
    const Status status = device_->prepare(keys, {});
    EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(KernelTest, ManyAreMadeAtOnceWithProgressFromTheCaller) {
    std::vector<KernelKey> keys;
    for (uint32_t lanes = 1; lanes <= 40; ++lanes) keys.push_back({"scale", {lanes}});
    size_t last = 0;
    const auto caller = std::this_thread::get_id();
    const Status status = device_->prepare(keys, [&](size_t done, size_t total) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        EXPECT_GT(done, last);
        EXPECT_EQ(total, 40U);
        last = done;
        return true;
    });
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(last, 40U);
    EXPECT_TRUE(device_->prepare({}, {}).ok());
}

TEST_F(KernelTest, PreparingCanBeCancelled) {
    std::vector<KernelKey> keys;
    for (uint32_t lanes = 1; lanes <= 64; ++lanes) keys.push_back({"scale", {lanes}});
    const Status status = device_->prepare(keys, [](size_t, size_t) { return false; });
    EXPECT_EQ(status.code(), Code::kCancelled);
    EXPECT_TRUE(device_->prepare(keys, {}).ok()) << "and taken up again";
}

TEST_F(KernelTest, OneBadKeyFailsTheLot) {
    const std::vector<KernelKey> keys{{"scale", {8}}, {"nothing", {}}, {"scale", {16}}};
    EXPECT_EQ(device_->prepare(keys, {}).code(), Code::kNotFound);
}

TEST_F(KernelTest, AThrowingProgressJoinsItsThreads) {
    std::vector<KernelKey> keys;
    for (uint32_t lanes = 1; lanes <= 16; ++lanes) keys.push_back({"scale", {lanes}});
    EXPECT_THROW((void)device_->prepare(
                     keys, [](size_t, size_t) -> bool { throw std::runtime_error("host"); }),
                 std::runtime_error);
    EXPECT_TRUE(device_->prepare(keys, {}).ok());
}

TEST_F(KernelTest, ThreadsMayAskAtOnce) {
    std::atomic<int> failures = 0;
    std::vector<const Kernel*> got(8);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < got.size(); ++t) {
        threads.emplace_back([&, t] {
            for (uint32_t lanes = 1; lanes <= 8; ++lanes) {
                const auto kernel = device_->kernel({"scale", {lanes}});
                if (!kernel.ok()) ++failures;
                if (kernel.ok()) got[t] = *kernel;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
    for (const Kernel* kernel : got) EXPECT_EQ(kernel, got[0]);
}

}  // namespace
}  // namespace alv::gpu
