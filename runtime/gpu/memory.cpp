#include "gpu/memory.h"

#include <algorithm>

#include "base/checked.h"
#include "base/huge_pages.h"
#include "gpu/device.h"

namespace alv::gpu {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
constexpr std::array<std::string_view, kDomainCount> kDomainNames{
    "weights", "kv cache", "scratch", "step data", "readback", "staging"};
// The least that an arena takes from Vulkan at once. Small where little is needed: what is taken
// and not used counts against the host's budget, too.
constexpr std::array<uint64_t, kDomainCount> kFirstBlock{16 * kMib, 8 * kMib, 4 * kMib,
                                                         kMib / 4,  kMib / 4, kMib / 4};
constexpr uint64_t kLargestBlock = 256 * kMib;

constexpr size_t index(Domain domain) {
    return static_cast<size_t>(domain);
}

}  // namespace

Memory::Memory(std::shared_ptr<Context> context) : context_(std::move(context)) {
    for (uint32_t d = 0; d < kDomainCount; ++d) {
        types_[d] = memory_types_for(context_->caps(), static_cast<Domain>(d));
    }
}

// Every BufferState holds this object, so no range is in use any more.
Memory::~Memory() {
    for (Arena& arena : arenas_) {
        for (MemoryBlock& block : arena.blocks) destroy_block(block);
    }
}

// A block holds what is expected, if that is known. Else it grows with its arena, so that few are
// needed for much and little is wasted on little; a request that would fill most of a block gets
// one of its own size.
uint64_t Memory::block_size(const Arena& arena, Domain domain, uint64_t size_bytes) const {
    if (arena.expected_bytes > arena.used_bytes) {
        const uint64_t left = arena.expected_bytes - arena.used_bytes;
        const uint64_t most = context_->caps().max_allocation_bytes;
        return std::max(size_bytes, std::min({left, kLargestBlock, most != 0 ? most : left}));
    }
    const uint64_t first = kFirstBlock[index(domain)];
    const uint64_t grown = align_up(arena.used_bytes / 4, kMib);
    const uint64_t usual = std::clamp(grown, first, kLargestBlock);
    return size_bytes > usual / 2 ? size_bytes : usual;
}

void Memory::expect(Domain domain, uint64_t size_bytes) {
    const std::lock_guard lock(mutex_);
    Arena& arena = arenas_[index(domain)];
    arena.expected_bytes = arena.used_bytes + size_bytes;
}

Result<Buffer> Memory::create_buffer(Domain domain, uint64_t size_bytes, std::string_view name) {
    ALV_RETURN_IF_ERROR(context_->alive());
    if (size_bytes == 0) return invalid_argument("a buffer of 0 bytes: " + std::string(name));
    const auto taken = checked_align_up(size_bytes, kRangeAlignment);
    const uint64_t most = context_->caps().max_allocation_bytes;
    if (!taken || (most != 0 && *taken > most)) {
        return limit_exceeded(std::string(name) + " needs " + format_bytes(size_bytes) +
                              " in one piece, the device gives at most " + format_bytes(most));
    }
    const std::lock_guard lock(mutex_);
    ALV_ASSIGN_OR_RETURN(const Place place, take(domain, *taken, name));
    arenas_[index(domain)].used_bytes += *taken;
    try {
        return Buffer(std::make_shared<BufferState>(shared_from_this(), domain, place.first,
                                                    place.second, size_bytes, *taken));
    } catch (...) {
        give_locked(domain, place.first, place.second, *taken);
        throw;
    }
}

Result<Memory::Place> Memory::take(Domain domain, uint64_t size_bytes, std::string_view name) {
    Arena& arena = arenas_[index(domain)];
    for (auto it = arena.blocks.begin(); it != arena.blocks.end(); ++it) {
        if (const auto offset = it->free.take(size_bytes)) return Place(it, *offset);
    }
    const uint64_t usual = block_size(arena, domain, size_bytes);
    Status status = add_block(domain, usual);
    if (status.code() == Code::kOutOfDeviceMemory && usual != size_bytes) {
        status = add_block(domain, size_bytes);
    }
    if (!status.ok()) return out_of_memory(domain, size_bytes, name, status);
    const auto block = std::prev(arena.blocks.end());
    return Place(block, *block->free.take(size_bytes));
}

Status Memory::add_block(Domain domain, uint64_t size_bytes) {
    const Caps& caps = context_->caps();
    Status status = out_of_device_memory("no memory type fits");
    for (const uint32_t type : types_[index(domain)]) {
        const uint32_t heap = caps.memory_types[type].heap;
        // Drivers that overcommit (a CPU's) would say yes and end the process later.
        if (size_bytes > budget_left(caps.heaps[heap].size_bytes, heap_taken_[heap])) {
            status = out_of_device_memory("larger than what is left of its heap");
            continue;
        }
        std::list<MemoryBlock> made;
        made.emplace_back(size_bytes);
        try {
            status = try_block(made.front(), type);
        } catch (...) {
            destroy_block(made.front());
            throw;
        }
        if (status.ok()) {
            Arena& arena = arenas_[index(domain)];
            made.front().heap = heap;
            heap_taken_[heap] += size_bytes;
            arena.allocated_bytes += size_bytes;
            arena.blocks.splice(arena.blocks.end(), made);
            warn_of_overflow(domain, type, size_bytes);
            return status;
        }
        destroy_block(made.front());
        if (status.code() != Code::kOutOfDeviceMemory) break;
    }
    return status;
}

void Memory::warn_of_overflow(Domain domain, uint32_t type, uint64_t size_bytes) const {
    const uint32_t flags = context_->caps().memory_types[type].flags;
    const bool overflows =
        domain == Domain::kWeights && (flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) == 0;
    if (!overflows) return;
    context_->log(LogLevel::kWarning, format_bytes(size_bytes) +
                                          " of weights did not fit the device's memory and lie in "
                                          "the host's: expect it to be slow");
}

Status Memory::try_block(MemoryBlock& block, uint32_t type) {
    const DeviceCalls& vk = context_->vk();
    const VkDevice device = context_->device();
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = block.size_bytes;
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                 VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT;
    info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    ALV_RETURN_IF_ERROR(
        context_->check(vk.CreateBuffer(device, &info, nullptr, &block.buffer), "vkCreateBuffer"));
    VkMemoryRequirements needs{};
    vk.GetBufferMemoryRequirements(device, block.buffer, &needs);
    if ((needs.memoryTypeBits & (1U << type)) == 0) {
        return out_of_device_memory("the driver allows no buffer in this memory");
    }
    VkMemoryAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    allocate.allocationSize = needs.size;
    allocate.memoryTypeIndex = type;
    ALV_RETURN_IF_ERROR(context_->check(
        vk.AllocateMemory(device, &allocate, nullptr, &block.memory), "vkAllocateMemory"));
    ALV_RETURN_IF_ERROR(context_->check(vk.BindBufferMemory(device, block.buffer, block.memory, 0),
                                        "vkBindBufferMemory"));
    constexpr uint32_t kMappable =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    if ((context_->caps().memory_types[type].flags & kMappable) == kMappable) {
        void* data = nullptr;
        ALV_RETURN_IF_ERROR(context_->check(
            vk.MapMemory(device, block.memory, 0, VK_WHOLE_SIZE, 0, &data), "vkMapMemory"));
        block.mapped = static_cast<uint8_t*>(data);
        if (context_->caps().type == DeviceType::kCpu) {
            prefer_huge_pages(block.mapped, block.size_bytes);
        }
    }
    return ok_status();
}

void Memory::destroy_block(MemoryBlock& block) {
    context_->destroy(context_->vk().DestroyBuffer, block.buffer);
    context_->destroy(context_->vk().FreeMemory, block.memory);
}

void Memory::give(Domain domain, std::list<MemoryBlock>::iterator block, uint64_t offset,
                  uint64_t size_bytes) noexcept {
    const std::lock_guard lock(mutex_);
    give_locked(domain, block, offset, size_bytes);
}

void Memory::give_locked(Domain domain, std::list<MemoryBlock>::iterator block, uint64_t offset,
                         uint64_t size_bytes) noexcept {
    Arena& arena = arenas_[index(domain)];
    block->free.give(offset, size_bytes);
    arena.used_bytes -= size_bytes;
    if (!block->free.empty()) return;
    heap_taken_[block->heap] -= block->size_bytes;
    arena.allocated_bytes -= block->size_bytes;
    destroy_block(*block);
    arena.blocks.erase(block);
}

uint64_t Memory::available(uint32_t heap) const {
    const Caps& caps = context_->caps();
    const uint64_t left = budget_left(caps.heaps[heap].size_bytes, heap_taken_[heap]);
    if (!caps.memory_budget) return left;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
    budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
    VkPhysicalDeviceMemoryProperties2 memory{};
    memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
    memory.pNext = &budget;
    context_->instance().calls().GetPhysicalDeviceMemoryProperties2(context_->physical(), &memory);
    return std::min(left, budget_left(budget.heapBudget[heap], budget.heapUsage[heap]));
}

Status Memory::out_of_memory(Domain domain, uint64_t size_bytes, std::string_view name,
                             const Status& cause) const {
    const Caps& caps = context_->caps();
    const auto& types = types_[index(domain)];
    const uint32_t heap = types.empty() ? 0 : caps.memory_types[types[0]].heap;
    std::string text = std::string(name) + " (" + std::string(kDomainNames[index(domain)]) +
                       "): " + format_bytes(size_bytes) + " asked";
    if (cause.code() == Code::kOutOfDeviceMemory && heap < caps.heaps.size()) {
        text += ", " + format_bytes(available(heap)) + " available of " +
                format_bytes(caps.heaps[heap].size_bytes);
    }
    return {cause.code(), text + ": " + cause.message()};
}

MemoryUse Memory::use() const {
    const std::lock_guard lock(mutex_);
    MemoryUse use;
    for (uint32_t d = 0; d < kDomainCount; ++d) {
        use.used_bytes[d] = arenas_[d].used_bytes;
        use.allocated_bytes[d] = arenas_[d].allocated_bytes;
    }
    const Caps& caps = context_->caps();
    for (uint32_t heap = 0; heap < caps.heaps.size(); ++heap) {
        if (!caps.heaps[heap].device_local) continue;
        use.heap_bytes += caps.heaps[heap].size_bytes;
        use.budget_bytes += available(heap);
    }
    return use;
}

BufferState::~BufferState() {
    memory_->give(domain_, block_, offset_, taken_bytes_);
}

uint64_t Buffer::size_bytes() const {
    return state_ == nullptr ? 0 : state_->size_bytes();
}

uint8_t* Buffer::mapped() const {
    return state_ == nullptr ? nullptr : state_->mapped();
}

}  // namespace alv::gpu
