#include "gpu/hazards.h"

namespace alv::gpu {
namespace {

bool overlaps_any(const std::vector<Range>& ranges, const Range& r) {
    for (const Range& it : ranges) {
        if (it.id == r.id && it.begin < r.end && r.begin < it.end) return true;
    }
    return false;
}

// Chunks of one buffer read in order become one range; the lists stay short.
void add_range(std::vector<Range>& ranges, const Range& r) {
    for (Range& it : ranges) {
        if (it.id != r.id || it.begin > r.end || r.begin > it.end) continue;
        it.begin = it.begin < r.begin ? it.begin : r.begin;
        it.end = it.end > r.end ? it.end : r.end;
        return;
    }
    ranges.push_back(r);
}

}  // namespace

bool HazardTracker::needs_barrier(const std::vector<Access>& accesses) const {
    for (const Access& a : accesses) {
        const bool touches = a.reads || a.writes;
        if (touches && overlaps_any(writes_, a.range)) return true;
        if (a.writes && overlaps_any(reads_, a.range)) return true;
    }
    return false;
}

void HazardTracker::add(const std::vector<Access>& accesses) {
    for (const Access& a : accesses) {
        if (a.reads) add_range(reads_, a.range);
        if (a.writes) add_range(writes_, a.range);
    }
}

void HazardTracker::clear() {
    reads_.clear();
    writes_.clear();
}

}  // namespace alv::gpu
