// Known-answer tests: every kernel passes here, every wrong one is found, the next variant takes
// its place, and what was found is remembered for this driver and for this code alone.
#include "ops/self_test.h"

#include <algorithm>
#include <optional>

#include "gpu/pipeline_cache.h"
#include "ops/attention.h"
#include "ops/attention_step.h"
#include "ops/matmul.h"
#include "ops/op_fixture.h"
#include "ops/rope.h"
#include "ops/sample.h"

namespace alv::ops::test {

namespace {

// SPIR-V (Khronos, "SPIR-V Specification", 2.3): five words of header, then instructions with their
// length in the high half of the first word and the opcode in the low half.
constexpr uint32_t kOpFAdd = 129;
constexpr uint32_t kOpFSub = 131;
constexpr uint32_t kOpFMul = 133;
constexpr uint32_t kOpVectorTimesScalar = 142;

// The same shader with another arithmetic: all instructions `from` become a `to` of the same form,
// as some may be of a path that a test does not take. False if there is none.
bool change_all(std::vector<uint32_t>& words, uint32_t from, uint32_t to) {
    bool changed = false;
    for (size_t at = 5; at < words.size(); at += std::max(1u, words[at] >> 16)) {
        if ((words[at] & 0xffff) != from) continue;
        words[at] = (words[at] & 0xffff0000) | to;
        changed = true;
    }
    return changed;
}

std::vector<uint32_t> wrong(std::string_view shader) {
    const gpu::ShaderBlob* const blob = gpu::find_shader(shader);
    EXPECT_NE(blob, nullptr) << shader;
    std::vector<uint32_t> words(blob->words.begin(), blob->words.end());
    EXPECT_TRUE(change_all(words, kOpFMul, kOpFAdd) || change_all(words, kOpFAdd, kOpFSub))
        << shader << " has no arithmetic to change";
    return words;
}

// A device on which these shaders compute something else, and its log.
struct Broken {
    explicit Broken(const std::vector<std::string>& shaders, std::vector<uint8_t> cache = {},
                    const gpu::PlanOverrides& plan = {}) {
        code.reserve(shaders.size());
        for (const std::string& name : shaders) {
            code.push_back(wrong(name));
            blobs.push_back({gpu::find_shader(name)->name, code.back()});
        }
        auto log = std::make_shared<Log>();
        log->set_sink(
            [this](LogLevel, std::string_view line) { lines += std::string(line) + "\n"; },
            LogLevel::kInfo);
        gpu::DeviceOptions options;
        options.extra_shaders = blobs;
        options.pipeline_cache = std::move(cache);
        options.plan = plan;
        auto made = gpu::Device::create(options, log);
        EXPECT_TRUE(made.ok()) << made.status().message();
        if (made.ok()) device = *made;
    }
    std::vector<std::vector<uint32_t>> code;
    std::vector<gpu::ShaderBlob> blobs;
    std::string lines;
    std::shared_ptr<gpu::Device> device;
};

std::vector<std::string> failed_kernels(const gpu::Device& device) {
    std::vector<std::string> names;
    for (const gpu::KernelCheck& check : device.checks().all()) {
        if (!check.passed) names.push_back(gpu::name_of(check.key));
    }
    return names;
}

}  // namespace

TEST(SelfTest, EveryShaderHasOne) {
    for (const gpu::ShaderBlob& shader : gpu::embedded_shaders()) {
        EXPECT_TRUE(has_self_test(shader.name)) << shader.name;
    }
}

TEST(SelfTest, EveryKernelPassesInEveryTier) {
    for (const Tier& tier : all_tiers()) {
        const Status status = test_all_kernels(*tier.device);
        ASSERT_TRUE(status.ok()) << status.message();
        for (const gpu::KernelCheck& check : tier.device->checks().all()) {
            EXPECT_TRUE(check.passed) << tier.name << " " << gpu::name_of(check.key) << " off by "
                                      << check.error << ", allowed " << check.tolerance;
            EXPECT_LT(check.error, 0.8f * std::max(check.tolerance, 1e-3f))
                << tier.name << " " << gpu::name_of(check.key) << " passes only just";
            EXPECT_FALSE(check.cached);
            EXPECT_GT(check.milliseconds, 0);
        }
    }
}

// One kernel of each shader, on a device of a tier that uses it.
TEST(SelfTest, AWrongKernelIsFoundAndNamed) {
    for (const gpu::ShaderBlob& shader : gpu::embedded_shaders()) {
        const std::string name(shader.name);
        const bool shuffles = name.starts_with("matmul_share_") || name == "attention_subgroup" ||
                              name == "attention_step";
        if (shuffles && !all_tiers()[0].device->plan().share_x) continue;  // not of this device
        gpu::PlanOverrides plan;
        std::optional<gpu::KernelKey> key;
        for (const bool plain : {false, true}) {
            plan.tier = plain ? "plain" : "";
            for (const gpu::KernelCheck& check :
                 all_tiers()[plain ? 1 : 0].device->checks().all()) {
                if (!key && check.key.shader == name) key = check.key;
            }
            if (key) break;
        }
        ASSERT_TRUE(key) << name << " is used by no tier";
        const Broken broken({name}, {}, plan);
        ASSERT_NE(broken.device, nullptr);
        const Status status =
            prepare_kernels(*broken.device, [&] { return std::vector{*key}; }, {});
        EXPECT_EQ(status.code(), Code::kUnsupported) << name << ": " << status.message();
        EXPECT_NE(status.message().find("kernel " + gpu::name_of(*key)), std::string::npos);
        EXPECT_EQ(failed_kernels(*broken.device), std::vector{gpu::name_of(*key)});
        EXPECT_NE(broken.lines.find("kernel " + gpu::name_of(*key) + " gave a wrong answer"),
                  std::string::npos)
            << broken.lines;
        EXPECT_FALSE(broken.device->plan().trusts(*key));
        EXPECT_FALSE(broken.device->kernel(*key).ok());
    }
}

TEST(SelfTest, TheNextVariantTakesItsPlace) {
    const AttentionShape shape{6, 2, 64};
    const auto keys_of = [&](const gpu::Plan& plan) {
        std::vector<gpu::KernelKey> keys{matmul_key(plan, WeightFormat::kQ4, 1), rope_key(plan),
                                         attention_key(plan, shape, 1)};
        if (has_attention_step(plan, shape, 64, true)) {
            keys.push_back(attention_step_key(plan, shape, 64, true));
        }
        return keys;
    };
    const auto first = keys_of(all_tiers()[0].device->plan());
    std::vector<std::string> shaders;
    for (const gpu::KernelKey& key : first) {
        // A shader without another one in its place has the same one in another size.
        if (key.shader != "rope" && key.shader != "attention") shaders.push_back(key.shader);
    }
    const Broken broken(shaders);
    ASSERT_NE(broken.device, nullptr);
    const gpu::Plan& plan = broken.device->plan();
    EXPECT_EQ(keys_of(plan), first) << "nothing is known yet";
    const Status status = prepare_kernels(*broken.device, [&] { return keys_of(plan); }, {});
    if (shaders == std::vector<std::string>{"matmul_q4"}) {
        // Without shuffles there is one shader for a product.
        EXPECT_EQ(status.code(), Code::kUnsupported);
        return;
    }
    ASSERT_TRUE(status.ok()) << status.message();
    const auto second = keys_of(plan);
    EXPECT_EQ(second[0].shader, "matmul_q4");
    EXPECT_EQ(second[2].shader, "attention");
    EXPECT_FALSE(has_attention_step(plan, shape, 64, true));
    EXPECT_EQ(second.size(), 3u);
    for (const gpu::KernelKey& key : second) {
        const auto check = broken.device->checks().find(key);
        ASSERT_TRUE(check) << gpu::name_of(key);
        EXPECT_TRUE(check->passed);
    }
}

TEST(SelfTest, AnotherWorkgroupSizeIsTheLastVariant) {
    Broken broken({});
    const gpu::Plan& plan = broken.device->plan();
    const gpu::KernelKey first = rope_key(plan);
    broken.device->checks().add({first, false, false, 1, 0, 0});
    const gpu::KernelKey second = rope_key(plan);
    EXPECT_EQ(second.shader, "rope");
    EXPECT_NE(second.constants, first.constants);
    const Status status =
        prepare_kernels(*broken.device, [&] { return std::vector{rope_key(plan)}; }, {});
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(broken.device->checks().find(second)->passed);
}

TEST(SelfTest, WhatIsKnownIsNotTestedAgain) {
    const auto keys_of = [](const gpu::Device& device) {
        return std::vector{matmul_key(device.plan(), WeightFormat::kQ4, 1),
                           rope_key(device.plan())};
    };
    const std::string bad = keys_of(*all_tiers()[0].device)[0].shader;
    Broken first({bad});
    static_cast<void>(prepare_kernels(*first.device, [&] { return keys_of(*first.device); }, {}));
    const auto failed = failed_kernels(*first.device);
    ASSERT_FALSE(failed.empty());
    EXPECT_NE(first.lines.find("self-test of"), std::string::npos) << first.lines;
    const auto blob = first.device->pipeline_cache();
    ASSERT_TRUE(blob.ok());

    Broken second({bad}, *blob);
    const Status again =
        prepare_kernels(*second.device, [&] { return keys_of(*second.device); }, {});
    EXPECT_EQ(second.lines.find("self-test of"), std::string::npos) << second.lines;
    EXPECT_NE(second.lines.find("failed its self-test on this device and driver in an earlier run"),
              std::string::npos)
        << second.lines;
    EXPECT_EQ(failed_kernels(*second.device), failed);
    for (const gpu::KernelCheck& check : second.device->checks().all()) EXPECT_TRUE(check.cached);

    // The same blob with the shader as it should be: only that one is tested, and passes.
    Broken mended({}, *blob);
    EXPECT_TRUE(failed_kernels(*mended.device).empty());
    const Status better =
        prepare_kernels(*mended.device, [&] { return keys_of(*mended.device); }, {});
    EXPECT_TRUE(better.ok()) << better.message();
    EXPECT_TRUE(mended.device->checks().find(rope_key(mended.device->plan()))->cached);
    EXPECT_FALSE(mended.device->checks().find(keys_of(*mended.device)[0])->cached);
}

TEST(SelfTest, AnotherDriverVersionIsTestedAgain) {
    const auto keys_of = [](const gpu::Device& device) {
        return [&device] { return std::vector{rope_key(device.plan())}; };
    };
    Broken first({});
    ASSERT_TRUE(prepare_kernels(*first.device, keys_of(*first.device), {}).ok());
    const auto blob = first.device->pipeline_cache();
    ASSERT_TRUE(blob.ok());
    gpu::Caps older = first.device->caps();
    const gpu::CacheParts parts = gpu::unwrap_pipeline_cache(older, *blob);
    ASSERT_FALSE(parts.checks.empty());
    --older.driver_version;
    Broken second({}, gpu::wrap_pipeline_cache(older, parts));
    EXPECT_TRUE(second.device->checks().all().empty());
    ASSERT_TRUE(prepare_kernels(*second.device, keys_of(*second.device), {}).ok());
    EXPECT_FALSE(second.device->checks().find(rope_key(second.device->plan()))->cached);
    EXPECT_NE(second.lines.find("self-test of 1 kernels"), std::string::npos) << second.lines;
}

TEST(SelfTest, StopsWhereItIsCancelled) {
    Broken device({});
    const gpu::Plan& plan = device.device->plan();
    const auto keys = [&] { return std::vector{rope_key(plan), sample_key(plan)}; };
    size_t last = 0;
    const Status status = prepare_kernels(*device.device, keys, [&](size_t done, size_t total) {
        EXPECT_EQ(total, 4u);  // two pipelines, two tests
        EXPECT_GE(done, last);
        last = done;
        return done < 3;
    });
    EXPECT_EQ(status.code(), Code::kCancelled);
    EXPECT_EQ(device.device->checks().all().size(), 1u);
}

}  // namespace alv::ops::test
