#include "local/load_task.h"

#include <gtest/gtest.h>

#include <atomic>

namespace alv::local {
namespace {

using Turn = LoadTask::Turn;

Result<Loaded> count_to(const LoadProgress& progress, uint64_t n, std::atomic<int>& units) {
    for (uint64_t i = 0; i < n; ++i) {
        ++units;
        if (!progress(model::LoadStage::kWeights, i + 1, n)) return cancelled("stopped");
    }
    return Loaded{};
}

TEST(LoadTask, WorksOnlyWhileItIsLet) {
    std::atomic<int> units{0};
    auto task = LoadTask::start([&](const LoadProgress& p) { return count_to(p, 3, units); });
    ASSERT_TRUE(task.ok());
    EXPECT_EQ(units, 0);
    // A deadline in the past lets it come to its next pause.
    Turn turn = (*task)->run_until({});
    while (turn == Turn::kRunning) turn = (*task)->run_until(Clock::now());
    EXPECT_EQ(turn, Turn::kPaused);
    const int after_one = units;
    EXPECT_GE(after_one, 1);
    EXPECT_LT(after_one, 4);
    while ((*task)->run_until(Clock::now() + std::chrono::seconds(5)) != Turn::kOver) {
    }
    EXPECT_EQ(units, 3);
    EXPECT_TRUE((*task)->take().ok());
}

TEST(LoadTask, ReportsHowFarItIs) {
    std::atomic<int> units{0};
    auto task = LoadTask::start([&](const LoadProgress& p) { return count_to(p, 5, units); });
    while ((*task)->run_until(Clock::time_point::max()) != Turn::kOver) {
    }
    EXPECT_EQ((*task)->state().done, 5u);
    EXPECT_EQ((*task)->state().total, 5u);
}

TEST(LoadTask, ACancelledLoadEndsAtItsNextProgress) {
    std::atomic<int> units{0};
    auto task =
        LoadTask::start([&](const LoadProgress& p) { return count_to(p, 1'000'000, units); });
    while ((*task)->run_until({}) == Turn::kRunning) {
    }
    (*task)->cancel();
    while ((*task)->run_until(Clock::time_point::max()) != Turn::kOver) {
    }
    EXPECT_LT(units, 1'000'000);
    EXPECT_EQ((*task)->take().status().code(), Code::kCancelled);
}

TEST(LoadTask, ALoadThatIsLetGoEnds) {
    std::atomic<int> units{0};
    {
        auto task =
            LoadTask::start([&](const LoadProgress& p) { return count_to(p, 1'000'000, units); });
        while ((*task)->run_until({}) == Turn::kRunning) {
        }
    }
    EXPECT_LT(units, 1'000'000);
}

TEST(LoadTask, AnExceptionBecomesAStatus) {
    auto task = LoadTask::start([](const LoadProgress&) -> Result<Loaded> { throw 42; });
    while ((*task)->run_until(Clock::time_point::max()) != Turn::kOver) {
    }
    EXPECT_EQ((*task)->take().status().code(), Code::kInternal);
    auto starved =
        LoadTask::start([](const LoadProgress&) -> Result<Loaded> { throw std::bad_alloc(); });
    while ((*starved)->run_until(Clock::time_point::max()) != Turn::kOver) {
    }
    EXPECT_EQ((*starved)->take().status().code(), Code::kOutOfHostMemory);
}

}  // namespace
}  // namespace alv::local
