// Which ranges of one block of memory are free. Sizes only, no Vulkan.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace alv::gpu {

// Best fit, neighbours merged.
class FreeList {
  public:
    explicit FreeList(uint64_t size_bytes);
    // The offset of a range, a multiple of `alignment` when all requests are.
    std::optional<uint64_t> take(uint64_t size_bytes);
    // Takes no memory: what it needs was set aside when the range was taken.
    void give(uint64_t offset, uint64_t size_bytes) noexcept;
    bool empty() const { return used_bytes_ == 0; }
    uint64_t used_bytes() const { return used_bytes_; }

  private:
    using Ranges = std::map<uint64_t, uint64_t>;
    Ranges free_;       // offset -> size
    Ranges set_aside_;  // a node for each range that is taken, by a number of its own
    uint64_t serial_ = 0;
    uint64_t used_bytes_ = 0;
};

}  // namespace alv::gpu
