// Which ranges were touched since the last barrier. No Vulkan.
#pragma once

#include <cstdint>
#include <vector>

namespace alv::gpu {

// Bytes [begin, end) of the buffer `id`.
struct Range {
    uint64_t id = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
};

struct Access {
    Range range;
    bool reads = false;
    bool writes = false;
};

// A read after a write, a write after a read or a write after a write needs a barrier in between.
class HazardTracker {
  public:
    bool needs_barrier(const std::vector<Access>& accesses) const;
    void add(const std::vector<Access>& accesses);
    // After a barrier.
    void clear();

  private:
    std::vector<Range> reads_;
    std::vector<Range> writes_;
};

}  // namespace alv::gpu
