#include "oom/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace alv::test {
namespace {

// An attempt takes many times as long under AddressSanitizer: of long scenarios a sample is taken.
#ifdef __SANITIZE_ADDRESS__
constexpr uint64_t kSampleOver = 2000;
#else
constexpr uint64_t kSampleOver = UINT64_MAX;
#endif
constexpr uint64_t kSample = 101;

struct Outcome {
    std::string result;
    std::string problem;
    uint64_t n_allocations = 0;
    int64_t leaked = 0;
};

int64_t owned_by(const std::string& text) {
    return text.capacity() > 15 ? 1 : 0;
}

Outcome attempt(const MakeScenario& make, uint64_t n, uint64_t run) {
    Outcome outcome;
    const int64_t before = n_alive();
    {
        const std::unique_ptr<Scenario> one = make();
        fail_allocation(n, run);
        one->run();
        outcome.n_allocations = n_allocations();
        // What runs out in a release is nobody's to report: it has to work.
        const Spared spared;
        outcome.result = std::move(one->result);
        outcome.problem = std::move(one->problem);
    }
    fail_no_allocation();
    outcome.leaked = n_alive() - before - owned_by(outcome.result) - owned_by(outcome.problem);
    return outcome;
}

}  // namespace

void fail_each(const MakeScenario& make, uint64_t step) {
    if (const char* wanted = std::getenv("ALVISS_OOM_STEP"))
        step = std::strtoull(wanted, nullptr, 10);
    ASSERT_GT(step, 0u);
    attempt(make, 0, 1);  // what is made once in a process
    const Outcome whole = attempt(make, 0, 1);
    ASSERT_EQ(whole.problem, "");
    ASSERT_NE(whole.result, "");
    ASSERT_EQ(whole.leaked, 0);
    ASSERT_GT(whole.n_allocations, 100u);
    if (whole.n_allocations > kSampleOver) step = std::max(step, kSample);
    uint64_t tried = 0;
    for (const uint64_t run : {uint64_t{1}, uint64_t{3}, uint64_t{1000}}) {
        for (uint64_t n = 1; n <= whole.n_allocations; n += step) {
            const Outcome outcome = attempt(make, n, run);
            ++tried;
            ASSERT_EQ(outcome.problem, "") << "allocation " << n << ", run of " << run;
            ASSERT_EQ(outcome.result, whole.result) << "allocation " << n << ", run of " << run;
            ASSERT_EQ(outcome.leaked, 0) << "allocation " << n << ", run of " << run;
        }
    }
    std::printf("%llu failures injected, over %llu allocations\n",
                static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(whole.n_allocations));
}

}  // namespace alv::test
