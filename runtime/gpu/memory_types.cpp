// Which memory type a domain lies in.
#include <algorithm>
#include <bit>

#include "gpu/memory.h"

namespace alv::gpu {
namespace {

constexpr uint32_t kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr uint32_t kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr uint32_t kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr uint32_t kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
// Protected, lazily allocated, and the vendors' uncached debugging types are never wanted.
constexpr uint32_t kOdd =
    VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |
    VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD |
    VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV;

struct Wish {
    uint32_t required;
    uint32_t liked;
    uint32_t disliked;
};

Wish wish_of(Domain domain, bool unified) {
    switch (domain) {
        case Domain::kWeights:
        case Domain::kKv:
        case Domain::kScratch:
            // Unified: the loader writes straight into it. Discrete: a host-visible window may be
            // small or slow to read for the GPU.
            return unified ? Wish{kLocal, kVisible | kCoherent | kCached, 0}
                           : Wish{kLocal, 0, kVisible};
        case Domain::kStep:
            return {kVisible | kCoherent, kLocal, kCached};
        case Domain::kReadback:
            return {kVisible | kCoherent, kCached, unified ? 0 : kLocal};
        case Domain::kStaging:
            return {kVisible | kCoherent, 0, unified ? kCached : kLocal | kCached};
    }
    return {};
}

int bits(uint32_t flags) {
    return std::popcount(flags);
}

std::vector<uint32_t> types_by_wish(const Caps& caps, const Wish& wish) {
    struct Candidate {
        int score;
        uint64_t heap_bytes;
        uint32_t type;
    };
    std::vector<Candidate> candidates;
    for (uint32_t i = 0; i < caps.memory_types.size(); ++i) {
        const MemoryType& type = caps.memory_types[i];
        const uint32_t flags = type.flags;
        if ((flags & kOdd) != 0 || (flags & wish.required) != wish.required) continue;
        const int score = 2 * bits(flags & wish.liked) - bits(flags & wish.disliked);
        candidates.push_back({score, caps.heaps[type.heap].size_bytes, i});
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
        return a.score != b.score ? a.score > b.score : a.heap_bytes > b.heap_bytes;
    });
    std::vector<uint32_t> types;
    types.reserve(candidates.size());
    for (const Candidate& c : candidates) types.push_back(c.type);
    return types;
}

}  // namespace

std::vector<uint32_t> memory_types_for(const Caps& caps, Domain domain) {
    std::vector<uint32_t> types = types_by_wish(caps, wish_of(domain, caps.unified_memory));
    // Weights that do not fit the device overflow to host memory: slow beats not at all.
    if (domain == Domain::kWeights) {
        for (const uint32_t type :
             types_by_wish(caps, {kVisible | kCoherent, 0, kLocal | kCached})) {
            if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
        }
    }
    return types;
}

}  // namespace alv::gpu
