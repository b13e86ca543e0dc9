// Policy. The numbers for CPU drivers were measured (see README.md); those for GPUs are first
// guesses from how these devices are built, until someone measures.
#include "gpu/plan.h"

#include <algorithm>
#include <string_view>

namespace alv::gpu {
namespace {

constexpr uint32_t kVersion12 = (1U << 22) | (2U << 12);
constexpr uint64_t kDefaultSubmitUs = 20000;
constexpr uint32_t kGroupLanes = 8;          // of the row kernels, see Plan::row_lanes
constexpr uint32_t kMaxBindings = 8;         // of the widest kernel
constexpr uint32_t kPushBytes = 128;         // Vulkan's minimum, and all that kernels use
constexpr uint32_t kDriverLlvmpipe = 13;     // VK_DRIVER_ID_MESA_LLVMPIPE
constexpr uint32_t kDriverSwiftShader = 10;  // VK_DRIVER_ID_GOOGLE_SWIFTSHADER

constexpr uint32_t kVendorIntel = 0x8086;

std::string version_text(uint32_t version) {
    std::string text = std::to_string((version >> 22) & 0x7f);
    text += '.';
    text += std::to_string((version >> 12) & 0x3ff);
    return text;
}

Status check_needs(const Caps& caps) {
    if (caps.api_version < kVersion12) {
        return unsupported("it has Vulkan " + version_text(caps.api_version) +
                           ", 1.2 is needed: update its driver");
    }
    if (!caps.timeline_semaphore) {
        return unsupported(
            "it has no timeline semaphores (of a borrowed device: enable the feature "
            "timelineSemaphore, and pass the features)");
    }
    if (caps.max_storage_buffers_per_stage < kMaxBindings) {
        return unsupported("it binds " + std::to_string(caps.max_storage_buffers_per_stage) +
                           " storage buffers at once, " + std::to_string(kMaxBindings) +
                           " are needed");
    }
    if (caps.max_push_constant_bytes < kPushBytes || caps.max_workgroup_invocations < 64 ||
        caps.max_storage_range_bytes < (uint64_t{1} << 24)) {
        return unsupported("its limits are below what Vulkan 1.2 asks for: update its driver");
    }
    return ok_status();
}

bool is_cpu(const Caps& caps) {
    return caps.type == DeviceType::kCpu || caps.driver_id == kDriverLlvmpipe ||
           caps.driver_id == kDriverSwiftShader;
}

// The kernels shuffle among lanes 0 to 7 of the subgroup, so it must be one group.
bool can_share_x(const Caps& caps) {
    return caps.subgroup_shuffle && caps.subgroup_size == kGroupLanes;
}

std::string count(uint32_t n) {
    return std::to_string(n);
}

std::string yes_or_no(bool yes) {
    return yes ? "yes" : "no";
}

std::string why_not_share(const Caps& caps) {
    if (!caps.subgroup_shuffle) return "the subgroups do not shuffle";
    return "the kernels shuffle in subgroups of " + count(kGroupLanes) + "; these are of " +
           count(caps.subgroup_size);
}

// A subgroup is a SIMD vector: workgroups of one vector, no barriers, many equal workgroups.
void plan_cpu(const Caps& caps, Plan& plan) {
    plan.row_lanes = std::max(kGroupLanes, std::min(16U, caps.subgroup_size));
    // Mesa 22.3 leaves loops after 65,535 iterations of an invocation, all its loops together:
    // passes over a vocabulary are spread over many lanes.
    plan.reduce_lanes = std::min(512U, caps.max_workgroup_invocations);
    plan.prefill_tokens = 64;
    // A step of 8 columns takes two to two and a half times as long as one of one.
    plan.least_batch = 3;
    plan.warm_by_dispatch = true;
    plan.cpu_threads = caps.cpu_threads;
    // One instruction there, where a broadcast is a loop in 22.3.6 and a load is many in both.
    plan.share_x = caps.driver_id == kDriverLlvmpipe && can_share_x(caps);

    plan.choose("row_lanes", count(plan.row_lanes),
                "a CPU driver runs a workgroup of one vector without barriers; its vectors have " +
                    count(caps.subgroup_size) + " lanes");
    plan.choose("reduce_lanes", count(plan.reduce_lanes),
                "some CPU drivers leave long loops early: a vocabulary is spread over many lanes");
    plan.choose("share_x", yes_or_no(plan.share_x),
                plan.share_x        ? "a shuffle is one instruction on this driver, a load is many"
                : can_share_x(caps) ? "measured to gain on llvmpipe alone"
                                    : why_not_share(caps));
    plan.choose("cpu_threads", count(plan.cpu_threads),
                "threads of a CPU driver take equal shares of the workgroups");
    plan.choose("prefill_tokens", count(plan.prefill_tokens),
                "a CPU driver computes slowly: short pieces can be cancelled at once");
    plan.choose("least_batch", count(plan.least_batch),
                "a step of 8 columns takes longer than two of one");
    plan.choose("warm_by_dispatch", "yes", "CPU drivers compile at the first dispatch");
}

void plan_gpu(const Caps& caps, Plan& plan) {
    const bool discrete = caps.type == DeviceType::kDiscrete;
    plan.share_x = false;
    plan.row_lanes = std::clamp(caps.subgroup_size, 32U, 64U);
    plan.reduce_lanes = std::min(256U, caps.max_workgroup_invocations);
    plan.prefill_tokens = discrete ? 512 : 256;
    // A thread has 4 KiB of registers, 128 a lane where it runs 8 of them: what its compiler spills
    // with 64 sums, it does not with 32 (tests/bench/chips.sh).
    if (caps.vendor_id == kVendorIntel) plan.attention_sums = 32;

    plan.choose(
        "row_lanes", count(plan.row_lanes),
        "a workgroup of a subgroup or two; subgroups have " + count(caps.subgroup_size) + " lanes");
    plan.choose("reduce_lanes", count(plan.reduce_lanes), "one workgroup goes over a whole vector");
    plan.choose("share_x", "no", "a GPU reads what lanes share from its cache");
    plan.choose("cpu_threads", "0", "the device schedules its workgroups itself");
    plan.choose("prefill_tokens", count(plan.prefill_tokens),
                discrete ? "a discrete GPU needs many tokens to be busy"
                         : "an integrated GPU is busy with fewer tokens");
    plan.choose("least_batch", count(plan.least_batch),
                "a step of several sequences reads the weights once");
    plan.choose("warm_by_dispatch", "no", "drivers of GPUs compile when the pipeline is made");
}

// "plain" takes subgroup operations away; "subgroup" shares x by them where the device can.
Status apply_tier(const Caps& caps, const PlanOverrides& overrides, Plan& plan) {
    if (overrides.tier.empty()) return ok_status();
    if (overrides.tier == "plain") {
        plan.share_x = false;
        plan.choose("share_x", "no", "the plain tier was asked for");
        return ok_status();
    }
    if (overrides.tier != "subgroup") {
        return invalid_argument("no tier is named " + overrides.tier);
    }
    if (!can_share_x(caps)) {
        return unsupported("tier subgroup needs subgroups of 8 that shuffle; they are of " +
                           std::to_string(caps.subgroup_size));
    }
    plan.share_x = true;
    plan.choose("share_x", "yes", "the subgroup tier was asked for");
    return ok_status();
}

std::string_view tier_name(const Caps& caps, const PlanOverrides& overrides, const Plan& plan) {
    if (is_cpu(caps) && overrides.tier.empty() && caps.subgroup_ballot) return "cpu";
    return plan.share_x ? "subgroup" : "plain";
}

std::string tier_reason(const Caps& caps, const PlanOverrides& overrides, const Plan& plan) {
    if (!overrides.tier.empty()) return "asked for";
    if (is_cpu(caps)) return "the device is a CPU";
    return plan.share_x ? "the subgroups fit the kernels" : why_not_share(caps);
}

Status apply_numbers(const Caps& caps, const PlanOverrides& overrides, Plan& plan) {
    const auto force = [&](std::string_view name, uint32_t value, uint32_t& target) {
        if (value == 0) return;
        target = value;
        plan.choose(name, count(value), "asked for");
    };
    plan.choose("matmul_columns", count(plan.matmul_columns),
                "tokens that share a pass over a weight and still fit into registers");
    force("row_lanes", overrides.row_lanes, plan.row_lanes);
    plan.choose("attention_sums", count(plan.attention_sums),
                caps.vendor_id == kVendorIntel
                    ? "more do not fit the registers of its threads"
                    : "heads that share a pass over the keys and still fit into registers");
    force("attention_sums", overrides.attention_sums, plan.attention_sums);
    force("reduce_lanes", overrides.reduce_lanes, plan.reduce_lanes);
    force("matmul_columns", overrides.matmul_columns, plan.matmul_columns);
    force("prefill_tokens", overrides.prefill_tokens, plan.prefill_tokens);
    const bool has_budget = overrides.submit_budget_us != 0;
    if (has_budget) plan.submit_budget_us = overrides.submit_budget_us;
    plan.choose("submit_budget_us", std::to_string(plan.submit_budget_us),
                has_budget ? "asked for, or what a queue of the host's allows"
                           : "short enough to be cancelled, long enough to keep the device busy");
    if (plan.row_lanes % kGroupLanes != 0) {
        return invalid_argument("row_lanes must be a multiple of " + std::to_string(kGroupLanes));
    }
    const uint32_t most = std::min(caps.max_workgroup_invocations, caps.max_workgroup_size[0]);
    if (plan.row_lanes > most || plan.reduce_lanes > most) {
        return invalid_argument("the device's workgroups have at most " + std::to_string(most) +
                                " invocations");
    }
    return ok_status();
}

// Kernels that share x read weights as texels.
uint64_t chunk_limit(const Caps& caps, bool as_texels) {
    uint64_t limit = caps.max_storage_range_bytes;
    if (as_texels) limit = std::min(limit, caps.max_texel_elements * kTexelBytes);
    if (caps.max_allocation_bytes != 0) limit = std::min(limit, caps.max_allocation_bytes);
    return limit / 256 * 256;
}

}  // namespace

void Plan::choose(std::string_view name, std::string value, std::string reason) {
    const auto known = std::find_if(choices.begin(), choices.end(),
                                    [&](const PlanChoice& choice) { return choice.name == name; });
    PlanChoice& choice = known == choices.end() ? choices.emplace_back() : *known;
    choice.name = name;
    choice.value = std::move(value);
    choice.reason = std::move(reason);
}

Result<Plan> make_plan(const Caps& caps, const PlanOverrides& overrides) {
    ALV_RETURN_IF_ERROR(check_needs(caps));
    Plan plan;
    if (is_cpu(caps)) {
        plan_cpu(caps, plan);
    } else {
        plan_gpu(caps, plan);
    }
    ALV_RETURN_IF_ERROR(apply_tier(caps, overrides, plan));
    plan.tier = tier_name(caps, overrides, plan);
    plan.submit_budget_us = kDefaultSubmitUs;
    ALV_RETURN_IF_ERROR(apply_numbers(caps, overrides, plan));
    plan.chunk_bytes = chunk_limit(caps, plan.share_x);
    if (overrides.chunk_bytes != 0) {
        if (overrides.chunk_bytes < 4096) return invalid_argument("chunk_bytes is below 4096");
        plan.chunk_bytes = std::min(plan.chunk_bytes, overrides.chunk_bytes / 256 * 256);
    }
    plan.choose("chunk_bytes", std::to_string(plan.chunk_bytes),
                overrides.chunk_bytes != 0 ? "asked for, within the device's limits"
                                           : "the largest range that a shader can see at once");
    plan.choose("tier", plan.tier, tier_reason(caps, overrides, plan));
    return plan;
}

}  // namespace alv::gpu
