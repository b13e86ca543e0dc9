// What a runtime counts of its work, on a real device.
#include <map>
#include <stdexcept>

#include "abi/gpu_host.h"

namespace alv::test {
namespace {

alv_counters counters_of(const GpuHost& host) {
    alv_counters counters = ALV_COUNTERS_INIT;
    EXPECT_EQ(alv_runtime_get_counters(host.runtime, &counters, nullptr), ALV_STATUS_OK);
    return counters;
}

// The token events come from inside the unit that is counted: it may not be over yet.
alv_counters settled(const GpuHost& host) {
    alv_counters last = counters_of(host);
    for (int i = 0; i < 1000; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const alv_counters now = counters_of(host);
        if (now.host_us == last.host_us && now.submits == last.submits && now.host_us > 0) break;
        last = now;
    }
    return last;
}

using Ops = std::map<std::string, alv_op_time>;

Ops ops_of(const GpuHost& host) {
    Ops ops;
    const auto visit = [](void* user_data, const alv_op_time* op) {
        EXPECT_EQ(op->struct_size, sizeof(alv_op_time));
        (*static_cast<Ops*>(user_data))[text_of(op->name)] = *op;
    };
    EXPECT_EQ(alv_runtime_visit_op_times(host.runtime, visit, &ops, nullptr), ALV_STATUS_OK);
    return ops;
}

TEST(Counters, GrowWithEachTokenAndBeginAnew) {
    GpuHost host;
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    settled(host);
    ASSERT_EQ(alv_runtime_reset_counters(host.runtime, nullptr), ALV_STATUS_OK);
    const alv_counters before = counters_of(host);
    EXPECT_EQ(before.submits, 0u);
    EXPECT_EQ(before.dispatches, 0u);
    EXPECT_EQ(before.longest_submit_us, 0.0);

    constexpr uint32_t kTokens = 8;
    ASSERT_EQ(host.reply(some_prompt(20), kTokens).tokens.size(), kTokens);
    const alv_counters after = settled(host);
    EXPECT_GE(after.submits, kTokens);
    EXPECT_GT(after.dispatches, after.submits) << "a forward pass is more than one";
    EXPECT_GT(after.longest_submit_us, 0.0);
    EXPECT_LE(after.longest_submit_us, after.busy_us);
    EXPECT_GT(after.host_us, 0.0);

    ASSERT_EQ(host.reply(some_prompt(21), kTokens).tokens.size(), kTokens);
    const alv_counters later = settled(host);
    EXPECT_GT(later.submits, after.submits);
    EXPECT_GT(later.busy_us, after.busy_us);
    EXPECT_GE(later.longest_submit_us, after.longest_submit_us);

    EXPECT_TRUE(ops_of(host).empty()) << "it was not made to profile";
    ASSERT_EQ(alv_runtime_reset_counters(host.runtime, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(counters_of(host).submits, 0u);
}

TEST(Counters, AProfilingRuntimeTellsTheTimeOfEachOperation) {
    GpuHost host(ALV_RUNTIME_PROFILE);
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    ASSERT_EQ(alv_runtime_reset_counters(host.runtime, nullptr), ALV_STATUS_OK);
    EXPECT_TRUE(ops_of(host).empty());

    GpuHost plain;
    ASSERT_EQ(plain.load(), ALV_STATUS_OK);
    ASSERT_EQ(plain.open_session(), ALV_STATUS_OK);
    constexpr uint32_t kTokens = 6;
    const Reply profiled = host.reply(some_prompt(20), kTokens);
    EXPECT_EQ(profiled.tokens, plain.reply(some_prompt(20), kTokens).tokens)
        << "measuring changes nothing";

    const Ops ops = ops_of(host);
    ASSERT_FALSE(ops.empty());
    uint64_t calls = 0;
    double device_us = 0;
    for (const auto& [name, op] : ops) {
        EXPECT_GT(op.calls, 0u) << name;
        EXPECT_GE(op.device_us, 0.0) << name;
        calls += op.calls;
        device_us += op.device_us;
    }
    EXPECT_GT(device_us, 0.0);
    EXPECT_GE(calls, counters_of(host).dispatches) << "copies and fills are timed too";

    ASSERT_EQ(alv_runtime_reset_counters(host.runtime, nullptr), ALV_STATUS_OK);
    EXPECT_TRUE(ops_of(host).empty());
}

TEST(Counters, AVisitorThatThrowsIsTold) {
    GpuHost host(ALV_RUNTIME_PROFILE);
    ASSERT_EQ(host.load(), ALV_STATUS_OK) << host.failure.message();
    ASSERT_EQ(host.open_session(), ALV_STATUS_OK);
    ASSERT_EQ(host.reply(some_prompt(5), 2).tokens.size(), 2u);
    const auto thrower = [](void*, const alv_op_time*) { throw std::runtime_error("no"); };
    EXPECT_EQ(alv_runtime_visit_op_times(host.runtime, thrower, nullptr, host.failure.out()),
              ALV_STATUS_CALLBACK_FAILED);
    EXPECT_FALSE(host.failure.message().empty());
}

TEST(Counters, WithoutADeviceOnlyTheHostsTimeIsThere) {
    alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
    options.flags = ALV_RUNTIME_NO_DEVICE;
    alv_runtime* runtime = nullptr;
    ASSERT_EQ(alv_runtime_create(&options, &runtime, nullptr), ALV_STATUS_OK);
    alv_counters counters = ALV_COUNTERS_INIT;
    counters.submits = 7;
    EXPECT_EQ(alv_runtime_get_counters(runtime, &counters, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(counters.submits, 0u);
    EXPECT_EQ(alv_runtime_reset_counters(runtime, nullptr), ALV_STATUS_OK);
    alv_runtime_release(runtime);
}

}  // namespace
}  // namespace alv::test
