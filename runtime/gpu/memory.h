// Device memory in arenas by domain: few VkBuffers, one a block, and ranges of them.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gpu/buffer.h"
#include "gpu/context.h"
#include "gpu/free_list.h"

namespace alv::gpu {

struct MemoryUse;

// Every range starts at a multiple of this: the largest minStorageBufferOffsetAlignment there is.
inline constexpr uint64_t kRangeAlignment = 256;

// One vkAllocateMemory with the one VkBuffer that covers it.
struct MemoryBlock {
    VkDeviceMemory memory = VK_NULL_HANDLE;
    VkBuffer buffer = VK_NULL_HANDLE;
    uint8_t* mapped = nullptr;
    uint64_t size_bytes = 0;
    uint32_t heap = 0;
    FreeList free;
    explicit MemoryBlock(uint64_t size) : size_bytes(size), free(size) {}
};

// Thread-safe.
class Memory : public std::enable_shared_from_this<Memory> {
  public:
    explicit Memory(std::shared_ptr<Context> context);
    ~Memory();

    // So many bytes more of buffers are about to be created: blocks are made to hold just these.
    void expect(Domain domain, uint64_t size_bytes);
    Result<Buffer> create_buffer(Domain domain, uint64_t size_bytes, std::string_view name);
    MemoryUse use() const;
    const std::shared_ptr<Context>& context() const { return context_; }

  private:
    friend class BufferState;
    struct Arena {
        std::list<MemoryBlock> blocks;
        uint64_t used_bytes = 0;
        uint64_t allocated_bytes = 0;
        uint64_t expected_bytes = 0;  // that will be in use, as far as was told
    };
    using Place = std::pair<std::list<MemoryBlock>::iterator, uint64_t>;

    Result<Place> take(Domain domain, uint64_t size_bytes, std::string_view name);
    uint64_t block_size(const Arena& arena, Domain domain, uint64_t size_bytes) const;
    Status add_block(Domain domain, uint64_t size_bytes);
    void warn_of_overflow(Domain domain, uint32_t type, uint64_t size_bytes) const;
    Status try_block(MemoryBlock& block, uint32_t type);
    void destroy_block(MemoryBlock& block);
    void give(Domain domain, std::list<MemoryBlock>::iterator block, uint64_t offset,
              uint64_t size_bytes) noexcept;
    void give_locked(Domain domain, std::list<MemoryBlock>::iterator block, uint64_t offset,
                     uint64_t size_bytes) noexcept;
    // Bytes a heap can still give: by the driver's live budget where it has one.
    uint64_t available(uint32_t heap) const;
    Status out_of_memory(Domain domain, uint64_t size_bytes, std::string_view name,
                         const Status& cause) const;

    std::shared_ptr<Context> context_;
    // By domain, the memory types that do, best first.
    std::array<std::vector<uint32_t>, kDomainCount> types_;
    mutable std::mutex mutex_;
    std::array<Arena, kDomainCount> arenas_;
    std::array<uint64_t, 16> heap_taken_{};  // VK_MAX_MEMORY_HEAPS
};

// A range of a block; gives it back at its end.
class BufferState {
  public:
    BufferState(std::shared_ptr<Memory> memory, Domain domain,
                std::list<MemoryBlock>::iterator block, uint64_t offset, uint64_t size,
                uint64_t taken)
        : memory_(std::move(memory)),
          domain_(domain),
          block_(block),
          offset_(offset),
          size_bytes_(size),
          taken_bytes_(taken) {}
    ~BufferState();
    BufferState(const BufferState&) = delete;
    BufferState& operator=(const BufferState&) = delete;

    VkBuffer vk_buffer() const { return block_->buffer; }
    uint64_t offset() const { return offset_; }  // in vk_buffer()
    uint64_t size_bytes() const { return size_bytes_; }
    uint8_t* mapped() const {
        return block_->mapped == nullptr ? nullptr : block_->mapped + offset_;
    }
    const Context* context() const { return memory_->context().get(); }

  private:
    std::shared_ptr<Memory> memory_;
    Domain domain_;
    std::list<MemoryBlock>::iterator block_;
    uint64_t offset_;
    uint64_t size_bytes_;
    uint64_t taken_bytes_;  // size_bytes_ rounded up
};

// The memory types for a domain, best first; a pure function of the caps (tested without a GPU).
std::vector<uint32_t> memory_types_for(const Caps& caps, Domain domain);

// What may still be taken of a heap. Usage may exceed the budget, which must not wrap.
constexpr uint64_t budget_left(uint64_t budget_bytes, uint64_t usage_bytes) {
    return usage_bytes >= budget_bytes ? 0 : budget_bytes - usage_bytes;
}

}  // namespace alv::gpu
