#include "gpu/hazards.h"

#include <gtest/gtest.h>

namespace alv::gpu {
namespace {

Access read(uint64_t id, uint64_t begin, uint64_t end) {
    return {{id, begin, end}, true, false};
}
Access write(uint64_t id, uint64_t begin, uint64_t end) {
    return {{id, begin, end}, false, true};
}

TEST(Hazards, WhatNeedsABarrier) {
    HazardTracker tracker;
    EXPECT_FALSE(tracker.needs_barrier({read(1, 0, 8), write(1, 8, 16)})) << "nothing before";
    tracker.add({read(1, 0, 8), write(1, 8, 16)});
    EXPECT_FALSE(tracker.needs_barrier({read(1, 0, 8)})) << "read after read";
    EXPECT_TRUE(tracker.needs_barrier({read(1, 15, 16)})) << "read after write";
    EXPECT_TRUE(tracker.needs_barrier({write(1, 0, 1)})) << "write after read";
    EXPECT_TRUE(tracker.needs_barrier({write(1, 8, 9)})) << "write after write";
    EXPECT_FALSE(tracker.needs_barrier({write(2, 0, 16)})) << "another buffer";
    EXPECT_FALSE(tracker.needs_barrier({write(1, 16, 32)})) << "beside it";
    EXPECT_FALSE(tracker.needs_barrier({Access{{1, 0, 16}, false, false}})) << "not touched";
    tracker.clear();
    EXPECT_FALSE(tracker.needs_barrier({write(1, 0, 16)})) << "after a barrier";
}

TEST(Hazards, MergedRangesKeepTheirUnion) {
    HazardTracker tracker;
    tracker.add({write(1, 0, 4)});
    tracker.add({write(1, 8, 12)});
    tracker.add({write(1, 4, 8)});  // joins the two
    EXPECT_TRUE(tracker.needs_barrier({read(1, 0, 1)}));
    EXPECT_TRUE(tracker.needs_barrier({read(1, 7, 8)}));
    EXPECT_TRUE(tracker.needs_barrier({read(1, 11, 12)}));
    EXPECT_FALSE(tracker.needs_barrier({read(1, 12, 13)}));
}

}  // namespace
}  // namespace alv::gpu
