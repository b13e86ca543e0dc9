#include "ops/self_test.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "ops/attention.h"
#include "ops/attention_full.h"
#include "ops/attention_step.h"
#include "ops/bias.h"
#include "ops/embed.h"
#include "ops/glu.h"
#include "ops/layer_norm.h"
#include "ops/logprobs.h"
#include "ops/matmul.h"
#include "ops/norm_add.h"
#include "ops/pool.h"
#include "ops/rope.h"
#include "ops/sample.h"
#include "ops/self_test_bed.h"

namespace alv::ops {

namespace {

struct Row {
    std::string_view shader;  // ending in _: what all names of its variants begin with
    SelfTest test;
};

constexpr Row kTests[] = {
    {"matmul_", test_matmul},
    {"embed_", test_embed},
    {"rope", test_rope},
    {"attention", test_attention},
    {"attention_subgroup", test_attention},
    {"attention_step", test_attention_step},
    {"attention_full", test_attention_full},
    {"norm_add", test_norm_add},
    {"glu", test_glu},
    {"bias", test_bias},
    {"layer_norm", test_layer_norm},
    {"pool", test_pool},
    {"sample", test_sample},
    {"logprobs", test_logprobs},
};

SelfTest test_of(std::string_view shader) {
    const Row* const row = std::find_if(std::begin(kTests), std::end(kTests), [&](const Row& it) {
        return it.shader.back() == '_' ? shader.starts_with(it.shader) : shader == it.shader;
    });
    return row == std::end(kTests) ? nullptr : row->test;
}

float ms_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}

std::string decimal(float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", static_cast<double>(value));
    return text;
}

Result<gpu::KernelCheck> run_one(TestBed& bed, const gpu::KernelKey& key) {
    const auto start = std::chrono::steady_clock::now();
    bed.begin();
    test_of(key.shader)(key, bed);
    auto outcome = bed.finish();
    if (!outcome.ok()) {
        return std::move(outcome).status().annotate("self-test of kernel " + gpu::name_of(key));
    }
    return gpu::KernelCheck{
        key, outcome->passed, false, outcome->error, outcome->tolerance, ms_since(start)};
}

void tell_failure(const gpu::Device& device, const gpu::KernelCheck& check) {
    const gpu::Caps& caps = device.caps();
    device.log().write(LogLevel::kWarning,
                       "kernel " + gpu::name_of(check.key) +
                           " gave a wrong answer in its self-test (off by " + decimal(check.error) +
                           ", allowed " + decimal(check.tolerance) + ") on " + caps.device_name +
                           ", " + caps.driver_name + " " + caps.driver_info +
                           ": it is not used again with this driver. Update the driver");
}

// Keys that have a test and no result, each once.
std::vector<gpu::KernelKey> untested(const gpu::Device& device,
                                     std::span<const gpu::KernelKey> keys) {
    std::vector<gpu::KernelKey> list;
    for (const gpu::KernelKey& key : keys) {
        if (test_of(key.shader) == nullptr || device.checks().find(key)) continue;
        if (std::find(list.begin(), list.end(), key) == list.end()) list.push_back(key);
    }
    return list;
}

Status stopped() {
    return cancelled("the self-test of kernels was cancelled");
}

// How many failed. `told`: units of work that `progress` knows to be done.
Result<size_t> run_tests(gpu::Device& device, std::span<const gpu::KernelKey> keys,
                         const KernelProgress& progress, size_t told) {
    if (keys.empty()) return size_t{0};
    const auto start = std::chrono::steady_clock::now();
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<TestBed> bed, TestBed::create(device));
    size_t n_failed = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
        ALV_ASSIGN_OR_RETURN(gpu::KernelCheck check, run_one(*bed, keys[i]));
        if (!check.passed) {
            ++n_failed;
            tell_failure(device, check);
        }
        device.checks().add(std::move(check));
        if (progress && !progress(told + i + 1, told + keys.size())) return stopped();
    }
    device.log().write(LogLevel::kInfo, "self-test of " + std::to_string(keys.size()) +
                                            " kernels in " + decimal(ms_since(start)) +
                                            " ms: " + std::to_string(n_failed) + " failed");
    return n_failed;
}

}  // namespace

bool has_self_test(std::string_view shader) {
    return test_of(shader) != nullptr;
}

Status prepare_kernels(gpu::Device& device, const KernelKeys& keys,
                       const KernelProgress& progress) {
    for (;;) {
        const std::vector<gpu::KernelKey> wanted = keys();
        const std::vector<gpu::KernelKey> tests = untested(device, wanted);
        ALV_RETURN_IF_ERROR(device.prepare(wanted, [&](size_t done, size_t total) {
            return !progress || progress(done, total + tests.size());
        }));
        ALV_ASSIGN_OR_RETURN(const size_t n_failed,
                             run_tests(device, tests, progress, wanted.size()));
        if (n_failed == 0) return ok_status();
    }
}

namespace {

constexpr WeightFormat kFormats[] = {
    WeightFormat::kQ4,  WeightFormat::kQ4S,  WeightFormat::kQ5,
    WeightFormat::kQ5S, WeightFormat::kQ6,   WeightFormat::kQ8S,
    WeightFormat::kF16, WeightFormat::kBF16, WeightFormat::kF32,
};

// Of decoders and encoders: heads of 64 and 128, 4 of them to a kv head.
std::vector<gpu::KernelKey> all_keys(const gpu::Plan& plan) {
    std::vector<gpu::KernelKey> keys = {rope_key(plan),
                                        norm_add_key(plan),
                                        glu_key(plan),
                                        sample_key(plan),
                                        logprobs_key(plan),
                                        layer_norm_key(plan),
                                        bias_key(plan),
                                        pool_key(plan),
                                        attention_full_key(plan, 32),
                                        attention_full_key(plan, 64)};
    for (const WeightFormat format : kFormats) {
        keys.push_back(matmul_key(plan, format, 1));
        keys.push_back(matmul_key(plan, format, plan.matmul_columns));
        keys.push_back(embed_key(plan, format));
    }
    for (const uint32_t head_dim : {64u, 128u}) {
        const AttentionShape shape{8, 2, head_dim};
        for (const bool halves : {false, true}) {
            if (has_attention_step(plan, shape, head_dim, halves)) {
                keys.push_back(attention_step_key(plan, shape, head_dim, halves));
            }
        }
        keys.push_back(attention_key(plan, shape, 1));
        keys.push_back(attention_key(plan, shape, plan.prefill_tokens));
    }
    return keys;
}

}  // namespace

Status test_all_kernels(gpu::Device& device) {
    for (;;) {
        std::vector<gpu::KernelKey> keys = all_keys(device.plan());
        std::erase_if(keys, [&](const gpu::KernelKey& key) { return !device.plan().trusts(key); });
        const std::vector<gpu::KernelKey> tests = untested(device, keys);
        ALV_RETURN_IF_ERROR(device.prepare(tests, {}));
        ALV_ASSIGN_OR_RETURN(const size_t n_failed, run_tests(device, tests, {}, 0));
        if (n_failed == 0) return ok_status();
    }
}

std::vector<gpu::PlanChoice> describe_variants(const gpu::Plan& plan) {
    const AttentionShape shape{8, 2, 64};
    const bool by_subgroup = attends_by_subgroup(plan, shape);
    std::vector<gpu::PlanChoice> choices;
    choices.push_back({"matmul", plan.share_x ? "matmul_share_*" : "matmul_*",
                       plan.share_x ? "share_x: lanes hand their part of x round by shuffles"
                                    : "no share_x: every lane reads all of x"});
    choices.push_back({"attention", by_subgroup ? "attention_subgroup" : "attention",
                       by_subgroup ? "workgroups are one subgroup that shuffles; heads that are no "
                                     "multiple of 64 take attention"
                                   : "partial results meet in shared memory"});
    const bool in_one = by_subgroup && has_attention_step(plan, shape, 64, true);
    choices.push_back(
        {"attention of one token", in_one ? "attention_step" : "rope, then attention",
         in_one        ? "rope and attention in one dispatch, where lanes shuffle"
         : by_subgroup ? "attention_step failed its self-test"
                       : "one dispatch for both needs workgroups of one subgroup that shuffles"});
    return choices;
}

}  // namespace alv::ops
