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
}

// "plain" takes subgroup operations away; "subgroup" shares x by them where the device can.
Status apply_tier(const Caps& caps, const PlanOverrides& overrides, Plan& plan) {
    if (overrides.tier.empty()) return ok_status();
    if (overrides.tier == "plain") {
        plan.share_x = false;
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
    return ok_status();
}

std::string_view tier_name(const Caps& caps, const PlanOverrides& overrides, const Plan& plan) {
    if (is_cpu(caps) && overrides.tier.empty() && caps.subgroup_ballot) return "cpu";
    return plan.share_x ? "subgroup" : "plain";
}

Status apply_numbers(const Caps& caps, const PlanOverrides& overrides, Plan& plan) {
    const auto force = [](uint32_t value, uint32_t& target) {
        if (value != 0) target = value;
    };
    force(overrides.row_lanes, plan.row_lanes);
    force(overrides.attention_sums, plan.attention_sums);
    force(overrides.reduce_lanes, plan.reduce_lanes);
    force(overrides.matmul_columns, plan.matmul_columns);
    force(overrides.prefill_tokens, plan.prefill_tokens);
    if (overrides.submit_budget_us != 0) plan.submit_budget_us = overrides.submit_budget_us;
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

uint64_t chunk_limit(const Caps& caps) {
    uint64_t limit = caps.max_storage_range_bytes;
    if (caps.max_allocation_bytes != 0) limit = std::min(limit, caps.max_allocation_bytes);
    return limit / 256 * 256;
}

}  // namespace

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
    plan.chunk_bytes = chunk_limit(caps);
    if (overrides.chunk_bytes != 0) {
        if (overrides.chunk_bytes < 4096) return invalid_argument("chunk_bytes is below 4096");
        plan.chunk_bytes = std::min(plan.chunk_bytes, overrides.chunk_bytes / 256 * 256);
    }
    return plan;
}

}  // namespace alv::gpu
