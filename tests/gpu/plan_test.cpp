// Policy on snapshots of devices that are not here, and at the edges of what is supported.
#include "gpu/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "gpu/caps_json.h"
#include "gpu/memory.h"

namespace alv::gpu {
namespace {

std::string caps_dir() {
    return std::string(ALV_TEST_SOURCE_DIR) + "/gpu/caps";
}

Caps snapshot(const std::string& name) {
    std::ifstream file(caps_dir() + "/" + name + ".json");
    EXPECT_TRUE(file.good()) << name;
    return caps_from_json(nlohmann::json::parse(file));
}

Plan plan_of(const std::string& name, const PlanOverrides& overrides = {}) {
    auto plan = make_plan(snapshot(name), overrides);
    EXPECT_TRUE(plan.ok()) << name << ": " << plan.status().message();
    return plan.ok() ? *plan : Plan();
}

std::vector<std::string> all_snapshots() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(caps_dir())) {
        names.push_back(entry.path().stem().string());
    }
    return names;
}

TEST(PlanSnapshots, EveryDeviceGetsAPlanWithinItsLimits) {
    ASSERT_GE(all_snapshots().size(), 14U);
    for (const std::string& name : all_snapshots()) {
        SCOPED_TRACE(name);
        const Caps caps = snapshot(name);
        for (const char* tier : {"", "plain"}) {
            PlanOverrides overrides;
            overrides.tier = tier;
            const Plan plan = plan_of(name, overrides);
            EXPECT_EQ(plan.row_lanes % 8, 0U);
            EXPECT_GE(plan.row_lanes, 8U);
            EXPECT_LE(plan.row_lanes, caps.max_workgroup_invocations);
            EXPECT_LE(plan.reduce_lanes, caps.max_workgroup_invocations);
            EXPECT_LE(plan.chunk_bytes, caps.max_storage_range_bytes);
            EXPECT_LE(plan.chunk_bytes, caps.max_allocation_bytes);
            EXPECT_EQ(plan.chunk_bytes % 256, 0U);
            EXPECT_GT(plan.submit_budget_us, 0U);
            EXPECT_LE(plan.submit_budget_us, 250000U);
            EXPECT_GE(plan.prefill_tokens, plan.matmul_columns);
            EXPECT_FALSE(plan.tier.empty());
            EXPECT_TRUE(!plan.share_x || caps.subgroup_size == 8);
        }
    }
}

TEST(PlanSnapshots, EveryChoiceHasAReason) {
    for (const std::string& name : all_snapshots()) {
        SCOPED_TRACE(name);
        const Plan plan = plan_of(name);
        const auto value_of = [&](std::string_view choice) {
            for (const PlanChoice& it : plan.choices) {
                if (it.name == choice) return it.value;
            }
            return std::string("none");
        };
        for (const PlanChoice& choice : plan.choices) {
            EXPECT_FALSE(choice.value.empty()) << choice.name;
            EXPECT_GT(choice.reason.size(), 5U) << choice.name;
        }
        EXPECT_EQ(value_of("tier"), plan.tier);
        EXPECT_EQ(value_of("row_lanes"), std::to_string(plan.row_lanes));
        EXPECT_EQ(value_of("reduce_lanes"), std::to_string(plan.reduce_lanes));
        EXPECT_EQ(value_of("attention_sums"), std::to_string(plan.attention_sums));
        EXPECT_EQ(value_of("share_x"), plan.share_x ? "yes" : "no");
        EXPECT_EQ(value_of("cpu_threads"), std::to_string(plan.cpu_threads));
        EXPECT_EQ(value_of("matmul_columns"), std::to_string(plan.matmul_columns));
        EXPECT_EQ(value_of("prefill_tokens"), std::to_string(plan.prefill_tokens));
        EXPECT_EQ(value_of("chunk_bytes"), std::to_string(plan.chunk_bytes));
        EXPECT_EQ(value_of("submit_budget_us"), std::to_string(plan.submit_budget_us));
        EXPECT_EQ(value_of("warm_by_dispatch"), plan.warm_by_dispatch ? "yes" : "no");
        EXPECT_EQ(value_of("least_batch"), std::to_string(plan.least_batch));
        EXPECT_EQ(plan.choices.size(), 12U) << "a field of Plan without a choice, or the reverse";
    }
    PlanOverrides overrides;
    overrides.row_lanes = 16;
    const Plan forced = plan_of("lavapipe-25.0.7", overrides);
    const auto lanes = std::find_if(forced.choices.begin(), forced.choices.end(),
                                    [](const PlanChoice& it) { return it.name == "row_lanes"; });
    ASSERT_NE(lanes, forced.choices.end());
    EXPECT_EQ(lanes->value, "16");
    EXPECT_EQ(lanes->reason, "asked for");
}

TEST(PlanSnapshots, ThePlainTierUsesNoSubgroupOperation) {
    for (const std::string& name : all_snapshots()) {
        PlanOverrides overrides;
        overrides.tier = "plain";
        const Plan plan = plan_of(name, overrides);
        EXPECT_FALSE(plan.share_x) << name;
        EXPECT_EQ(plan.tier, "plain") << name;
    }
}

TEST(PlanSnapshots, EveryDeviceHasMemoryForEveryDomain) {
    for (const std::string& name : all_snapshots()) {
        SCOPED_TRACE(name);
        const Caps caps = snapshot(name);
        for (uint32_t d = 0; d < kDomainCount; ++d) {
            const auto types = memory_types_for(caps, static_cast<Domain>(d));
            ASSERT_FALSE(types.empty()) << d;
            for (const uint32_t type : types) {
                const uint32_t flags = caps.memory_types[type].flags;
                const bool mapped = d >= static_cast<uint32_t>(Domain::kStep);
                EXPECT_TRUE(!mapped || (flags & 6) == 6) << "host-visible and coherent";
                EXPECT_EQ(flags & ~15U, 0U) << "no odd type";
            }
        }
    }
}

TEST(PlanSnapshots, WhereWeightsLie) {
    const auto flags_of = [](const std::string& name, Domain domain) {
        const Caps caps = snapshot(name);
        return caps.memory_types[memory_types_for(caps, domain)[0]].flags;
    };
    EXPECT_EQ(flags_of("amd-rdna3-rx7900xtx-radv", Domain::kWeights), 1U) << "not through the BAR";
    EXPECT_EQ(flags_of("nvidia-ada-rtx4090", Domain::kWeights), 1U);
    EXPECT_EQ(flags_of("nvidia-ada-rtx4090", Domain::kStaging), 6U);
    EXPECT_EQ(flags_of("nvidia-ada-rtx4090", Domain::kReadback), 14U) << "cached for the host";
    EXPECT_EQ(flags_of("nvidia-ada-rtx4090", Domain::kStep), 7U) << "written through the BAR";
    EXPECT_EQ(flags_of("amd-rdna3-radeon780m-radv", Domain::kWeights), 7U) << "repacked in place";
    EXPECT_EQ(flags_of("intel-xe-iris-anv", Domain::kWeights), 15U);
    EXPECT_EQ(flags_of("lavapipe-22.3.6", Domain::kWeights), 15U);
    // What does not fit the device goes to the host's memory, and only weights do.
    const Caps caps = snapshot("nvidia-ada-rtx4090");
    EXPECT_EQ(caps.memory_types[memory_types_for(caps, Domain::kWeights).back()].flags & 1, 0U);
    EXPECT_EQ(caps.memory_types[memory_types_for(caps, Domain::kKv).back()].flags & 1, 1U);
}

TEST(PlanSnapshots, CpuDriversAsMeasured) {
    const Plan old_mesa = plan_of("lavapipe-22.3.6");
    EXPECT_TRUE(old_mesa.share_x);
    EXPECT_TRUE(old_mesa.warm_by_dispatch);
    EXPECT_EQ(old_mesa.row_lanes, 8U);
    EXPECT_EQ(old_mesa.tier, "cpu");
    const Plan new_mesa = plan_of("lavapipe-25.0.7");
    EXPECT_TRUE(new_mesa.share_x);
    EXPECT_TRUE(new_mesa.warm_by_dispatch);
    EXPECT_EQ(new_mesa.row_lanes, 8U);
    const Plan swiftshader = plan_of("swiftshader");
    EXPECT_FALSE(swiftshader.share_x);
    EXPECT_EQ(swiftshader.row_lanes, 8U);
}

TEST(PlanSnapshots, DiscreteDevicesPrefillMoreAtOnce) {
    EXPECT_GT(plan_of("nvidia-ada-rtx4090").prefill_tokens,
              plan_of("lavapipe-25.0.7").prefill_tokens);
    EXPECT_FALSE(plan_of("nvidia-ada-rtx4090").warm_by_dispatch);
}

TEST(PlanSnapshots, IntelKeepsFewerSumsThanItsCompilerWouldSpill) {
    for (const std::string& name : all_snapshots()) {
        EXPECT_EQ(plan_of(name).attention_sums, name.starts_with("intel") ? 32U : 64U) << name;
    }
}

// Widths that LP_NATIVE_VECTOR_WIDTH gives, and drivers that never were.
TEST(PlanEdges, AnySubgroupSize) {
    for (const uint32_t size : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U}) {
        for (const char* name : {"lavapipe-25.0.7", "nvidia-ada-rtx4090", "intel-arc-a770-anv"}) {
            Caps caps = snapshot(name);
            caps.subgroup_size = caps.min_subgroup_size = caps.max_subgroup_size = size;
            const auto plan = make_plan(caps);
            ASSERT_TRUE(plan.ok());
            EXPECT_EQ(plan.value().row_lanes % 8, 0U) << name << size;
            EXPECT_EQ(plan.value().share_x && size != 8, false) << name << size;
        }
    }
}

TEST(PlanEdges, BareVulkan12IsEnough) {
    Caps caps = snapshot("nvidia-pascal-gtx1080");
    caps.fp16 = caps.int8 = caps.int16 = caps.int64 = false;
    caps.storage_16bit = caps.storage_8bit = caps.integer_dot = false;
    caps.subgroup_size_control = caps.full_subgroups = false;
    caps.subgroup_arithmetic = caps.subgroup_ballot = caps.subgroup_shuffle = false;
    caps.max_workgroup_invocations = 128;
    caps.max_workgroup_size = {128, 128, 64};
    caps.shared_memory_bytes = 16384;
    caps.max_push_constant_bytes = 128;
    caps.max_storage_range_bytes = 1 << 27;
    caps.api_version = (1U << 22) | (2U << 12);
    const auto plan = make_plan(caps);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan.value().tier, "plain");
    EXPECT_LE(plan.value().reduce_lanes, 128U);
    EXPECT_EQ(plan.value().chunk_bytes, 1U << 27);
}

TEST(PlanEdges, RefusalsSayWhatIsMissing) {
    const auto refusal = [](const auto& change) {
        Caps caps = snapshot("nvidia-ada-rtx4090");
        change(caps);
        const auto plan = make_plan(caps);
        EXPECT_EQ(plan.status().code(), Code::kUnsupported);
        return plan.status().message();
    };
    const auto has = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(has(refusal([](Caps& c) { c.api_version = (1U << 22) | (1U << 12); }),
                    "Vulkan 1.1, 1.2 is needed"));
    EXPECT_TRUE(has(refusal([](Caps& c) { c.timeline_semaphore = false; }), "timeline"));
    EXPECT_TRUE(has(refusal([](Caps& c) { c.max_storage_buffers_per_stage = 4; }),
                    "binds 4 storage buffers"));
    EXPECT_TRUE(has(refusal([](Caps& c) { c.max_push_constant_bytes = 64; }), "limits"));
}

TEST(PlanOverridesTest, NumbersAreForcedAndChecked) {
    PlanOverrides overrides;
    overrides.chunk_bytes = (1 << 20) + 100;
    overrides.submit_budget_us = 1234;
    overrides.row_lanes = 32;
    overrides.attention_sums = 32;
    overrides.reduce_lanes = 16;
    overrides.matmul_columns = 4;
    overrides.prefill_tokens = 7;
    const Plan plan = plan_of("lavapipe-22.3.6", overrides);
    EXPECT_EQ(plan.chunk_bytes, 1U << 20) << "rounded down to 256";
    EXPECT_EQ(plan.submit_budget_us, 1234U);
    EXPECT_EQ(plan.row_lanes, 32U);
    EXPECT_EQ(plan.attention_sums, 32U);
    EXPECT_EQ(plan.reduce_lanes, 16U);
    EXPECT_EQ(plan.matmul_columns, 4U);
    EXPECT_EQ(plan.prefill_tokens, 7U);

    const auto code_with = [](const auto& change) {
        PlanOverrides bad;
        change(bad);
        return make_plan(snapshot("lavapipe-22.3.6"), bad).status().code();
    };
    EXPECT_EQ(code_with([](PlanOverrides& o) { o.row_lanes = 12; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](PlanOverrides& o) { o.row_lanes = 2048; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](PlanOverrides& o) { o.reduce_lanes = 4096; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](PlanOverrides& o) { o.chunk_bytes = 16; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](PlanOverrides& o) { o.tier = "fast"; }), Code::kInvalidArgument);
    EXPECT_EQ(code_with([](PlanOverrides&) {}), Code::kOk);
}

TEST(PlanOverridesTest, TheSubgroupTierIsForcedWhereItWorks) {
    PlanOverrides overrides;
    overrides.tier = "subgroup";
    EXPECT_TRUE(plan_of("lavapipe-22.3.6", overrides).share_x);
    EXPECT_EQ(make_plan(snapshot("nvidia-ada-rtx4090"), overrides).status().code(),
              Code::kUnsupported);
}

}  // namespace
}  // namespace alv::gpu
