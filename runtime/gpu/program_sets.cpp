// Descriptor sets of a program: one a dispatch, equal ones shared, from a pool of exactly that
// size.
#include <algorithm>
#include <map>

#include "gpu/memory.h"
#include "gpu/program.h"

namespace alv::gpu {
namespace {

// The layout, then buffer, offset and size of each binding.
std::vector<uint64_t> set_key(const CommandList& list, const Command& command) {
    const ShaderLayout& layout = command.kernel->layout();
    std::vector<uint64_t> key{reinterpret_cast<uint64_t>(&layout)};
    for (uint32_t b = 0; b < command.n_views; ++b) {
        if (!layout.reflection.binding_present[b]) continue;
        const BufferView& view = list.views[command.first_view + b];
        key.push_back(reinterpret_cast<uint64_t>(view.buffer.state()));
        key.push_back(view.offset);
        key.push_back(view.size_bytes);
    }
    return key;
}

uint32_t count_bindings(std::span<const Command* const> owners) {
    uint32_t count = 0;
    for (const Command* owner : owners) {
        const auto& present = owner->kernel->layout().reflection.binding_present;
        count += static_cast<uint32_t>(std::count(present.begin(), present.end(), true));
    }
    return count;
}

}  // namespace

Status ProgramImpl::make_sets(const CommandList& list) {
    std::map<std::vector<uint64_t>, uint32_t> known;
    std::vector<const Command*> owners;  // of each set, the first command that uses it
    for (const Command& command : list.commands) {
        if (command.kernel == nullptr) {
            set_of_.push_back(UINT32_MAX);
            continue;
        }
        const auto next = static_cast<uint32_t>(owners.size());
        const auto [it, is_new] = known.try_emplace(set_key(list, command), next);
        if (is_new) owners.push_back(&command);
        set_of_.push_back(it->second);
    }
    if (owners.empty()) return ok_status();
    ALV_RETURN_IF_ERROR(allocate_sets(owners));
    write_sets(list, owners);
    return ok_status();
}

Status ProgramImpl::allocate_sets(std::span<const Command* const> owners) {
    const DeviceCalls& vk = context_->vk();
    const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                    std::max(1U, count_bindings(owners))};
    VkDescriptorPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    pool.maxSets = static_cast<uint32_t>(owners.size());
    pool.poolSizeCount = 1;
    pool.pPoolSizes = &size;
    ALV_RETURN_IF_ERROR(
        context_->check(vk.CreateDescriptorPool(context_->device(), &pool, nullptr, &descriptors_),
                        "vkCreateDescriptorPool"));
    std::vector<VkDescriptorSetLayout> layouts;
    for (const Command* owner : owners) layouts.push_back(owner->kernel->layout().set_layout);
    VkDescriptorSetAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    info.descriptorPool = descriptors_;
    info.descriptorSetCount = static_cast<uint32_t>(layouts.size());
    info.pSetLayouts = layouts.data();
    sets_.resize(layouts.size());
    return context_->check(vk.AllocateDescriptorSets(context_->device(), &info, sets_.data()),
                           "vkAllocateDescriptorSets");
}

void ProgramImpl::write_sets(const CommandList& list,
                             std::span<const Command* const> owners) const {
    std::vector<VkDescriptorBufferInfo> buffers;
    buffers.reserve(count_bindings(owners));  // the writes point into it
    std::vector<VkWriteDescriptorSet> writes;
    for (size_t s = 0; s < owners.size(); ++s) {
        const Command& owner = *owners[s];
        for (uint32_t b = 0; b < owner.n_views; ++b) {
            if (!owner.kernel->layout().reflection.binding_present[b]) continue;
            const BufferView& view = list.views[owner.first_view + b];
            const BufferState& state = *view.buffer.state();
            buffers.push_back({state.vk_buffer(), state.offset() + view.offset, view.size_bytes});
            VkWriteDescriptorSet write{};
            write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
            write.dstSet = sets_[s];
            write.dstBinding = b;
            write.descriptorCount = 1;
            write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
            write.pBufferInfo = &buffers.back();
            writes.push_back(write);
        }
    }
    context_->vk().UpdateDescriptorSets(context_->device(), static_cast<uint32_t>(writes.size()),
                                        writes.data(), 0, nullptr);
}

}  // namespace alv::gpu
