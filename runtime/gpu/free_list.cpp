#include "gpu/free_list.h"

#include <iterator>
#include <utility>

namespace alv::gpu {

FreeList::FreeList(uint64_t size_bytes) {
    free_[0] = size_bytes;
}

std::optional<uint64_t> FreeList::take(uint64_t size_bytes) {
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
        if (it->second < size_bytes) continue;
        if (best == free_.end() || it->second < best->second) best = it;
    }
    if (best == free_.end()) return std::nullopt;
    const uint64_t offset = best->first;
    const uint64_t rest = best->second - size_bytes;
    if (rest != 0) set_aside_.emplace(serial_++, 0);
    auto node = free_.extract(best);
    if (rest != 0) {
        node.key() = offset + size_bytes;
        node.mapped() = rest;
        free_.insert(std::move(node));
    } else {
        node.key() = serial_++;
        set_aside_.insert(std::move(node));
    }
    used_bytes_ += size_bytes;
    return offset;
}

void FreeList::give(uint64_t offset, uint64_t size_bytes) noexcept {
    used_bytes_ -= size_bytes;
    auto node = set_aside_.extract(set_aside_.begin());
    auto next = free_.upper_bound(offset);
    if (next != free_.end() && offset + size_bytes == next->first) {
        size_bytes += next->second;
        next = free_.erase(next);
    }
    if (next != free_.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second == offset) {
            before->second += size_bytes;
            return;
        }
    }
    node.key() = offset;
    node.mapped() = size_bytes;
    free_.insert(std::move(node));
}

}  // namespace alv::gpu
