// Policy: a pure function of the caps. The only place that may name a vendor or a driver.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gpu/caps.h"
#include "gpu/kernel_checks.h"

namespace alv::gpu {

// One thing that was decided, for people who ask why.
struct PlanChoice {
    std::string name;
    std::string value;
    std::string reason;
};

// What the kernels look like on a device. Ops read it; nothing else decides by caps.
struct Plan {
    // Invocations of a workgroup of the row kernels (matmul, attention), a multiple of 8: lanes
    // work in groups of 8 that own 32 rows (4 a lane); the groups of one workgroup split k.
    uint32_t row_lanes = 8;
    // The 8 lanes of a group load x together and hand it round by subgroupShuffle; otherwise every
    // lane reads all of it.
    bool share_x = false;
    // Threads that take equal shares of the workgroups of a dispatch, as CPU drivers do; 0: a
    // scheduler of the device's. With threads a workgroup takes several tiles of rows.
    uint32_t cpu_threads = 0;
    uint32_t matmul_columns = 8;      // tokens a workgroup of the prefill matmul covers
    uint32_t attention_sums = 64;     // that a lane of attention keeps in registers
    uint32_t reduce_lanes = 64;       // invocations of whole-vector kernels (norms, sampling)
    uint32_t prefill_tokens = 64;     // tokens of one prefill program
    uint32_t least_batch = 2;         // sequences from which one step of all beats a step of each
    uint64_t chunk_bytes = 0;         // largest storage range of one tensor chunk
    uint64_t submit_budget_us = 0;    // GPU time that one submit aims at
    bool warm_by_dispatch = false;    // the driver compiles at the first dispatch
    std::string tier;                 // "plain", "subgroup", "cpu": for logs and `alviss devices`
    std::vector<PlanChoice> choices;  // the above, each with why
    // Of the device that the plan is for; null where there is none: every kernel is trusted.
    std::shared_ptr<const KernelChecks> checks;

    // False once a self-test of this kernel has failed: another has to do its work.
    bool trusts(const KernelKey& key) const { return !checks || !checks->failed(key); }
    void choose(std::string_view name, std::string value, std::string reason);
};

// What a host or a test may force.
struct PlanOverrides {
    uint64_t chunk_bytes = 0;  // 0: by the device's limits
    // "": the best; "plain": no subgroup operations; "subgroup": x shared by subgroup operations.
    std::string tier;
    uint64_t submit_budget_us = 0;  // 0: 20 ms, 8 ms on a borrowed queue
    // 0: what the plan chooses.
    uint32_t row_lanes = 0;
    uint32_t attention_sums = 0;
    uint32_t reduce_lanes = 0;
    uint32_t matmul_columns = 0;
    uint32_t prefill_tokens = 0;
};

// Unsupported, with what is missing, if no tier fits (Vulkan < 1.2, no timeline semaphore, ...).
Result<Plan> make_plan(const Caps& caps, const PlanOverrides& overrides = {});

}  // namespace alv::gpu
