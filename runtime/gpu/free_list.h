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
    void give(uint64_t offset, uint64_t size_bytes);
    bool empty() const { return used_bytes_ == 0; }
    uint64_t used_bytes() const { return used_bytes_; }

  private:
    std::map<uint64_t, uint64_t> free_;  // offset -> size
    uint64_t used_bytes_ = 0;
};

}  // namespace alv::gpu
