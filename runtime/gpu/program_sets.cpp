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

// Calls visit(set, binding, kind, view) for each binding of each set.
template <typename Visit>
void each_binding(const CommandList& list, std::span<const Command* const> owners,
                  const Visit& visit) {
    for (size_t s = 0; s < owners.size(); ++s) {
        const Command& owner = *owners[s];
        const Reflection& reflection = owner.kernel->layout().reflection;
        for (uint32_t b = 0; b < owner.n_views; ++b) {
            if (!reflection.binding_present[b]) continue;
            visit(s, b, reflection.interface.binding_kinds[b], list.views[owner.first_view + b]);
        }
    }
}

std::array<uint64_t, 4> texel_key(const BufferView& view, BindingKind kind) {
    return {reinterpret_cast<uint64_t>(view.buffer.state()), view.offset, view.size_bytes,
            static_cast<uint64_t>(kind)};
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
    ALV_RETURN_IF_ERROR(allocate_sets(list, owners));
    ALV_RETURN_IF_ERROR(make_views(list, owners));
    write_sets(list, owners);
    return ok_status();
}

Status ProgramImpl::allocate_sets(const CommandList& list, std::span<const Command* const> owners) {
    const DeviceCalls& vk = context_->vk();
    std::array<VkDescriptorPoolSize, 2> sizes{
        {{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 0}, {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, 0}}};
    each_binding(list, owners, [&](size_t, uint32_t, BindingKind kind, const BufferView&) {
        ++sizes[kind == BindingKind::kStorage ? 0 : 1].descriptorCount;
    });
    for (VkDescriptorPoolSize& size : sizes) {
        size.descriptorCount = std::max(1U, size.descriptorCount);
    }
    VkDescriptorPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    pool.maxSets = static_cast<uint32_t>(owners.size());
    pool.poolSizeCount = static_cast<uint32_t>(sizes.size());
    pool.pPoolSizes = sizes.data();
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

Status ProgramImpl::make_views(const CommandList& list, std::span<const Command* const> owners) {
    const Context& c = *context_;
    Status status;
    each_binding(list, owners, [&](size_t, uint32_t, BindingKind kind, const BufferView& view) {
        if (kind == BindingKind::kStorage || !status.ok()) return;
        const auto [place, is_new] = texel_views_.try_emplace(texel_key(view, kind));
        if (!is_new) return;
        const BufferState& state = *view.buffer.state();
        VkBufferViewCreateInfo info{};
        info.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO;
        info.buffer = state.vk_buffer();
        info.format = kind == BindingKind::kTexelsUint ? VK_FORMAT_R32G32B32A32_UINT
                                                       : VK_FORMAT_R32G32B32A32_SFLOAT;
        info.offset = state.offset() + view.offset;
        info.range = view.size_bytes;
        status = c.check(c.vk().CreateBufferView(c.device(), &info, nullptr, &place->second),
                         "vkCreateBufferView");
    });
    return status;
}

void ProgramImpl::write_sets(const CommandList& list,
                             std::span<const Command* const> owners) const {
    size_t n_bindings = 0;
    each_binding(list, owners,
                 [&](size_t, uint32_t, BindingKind, const BufferView&) { ++n_bindings; });
    std::vector<VkDescriptorBufferInfo> buffers;
    buffers.reserve(n_bindings);  // the writes point into it
    std::vector<VkWriteDescriptorSet> writes;
    each_binding(list, owners,
                 [&](size_t set, uint32_t binding, BindingKind kind, const BufferView& view) {
                     VkWriteDescriptorSet write{};
                     write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
                     write.dstSet = sets_[set];
                     write.dstBinding = binding;
                     write.descriptorCount = 1;
                     write.descriptorType = descriptor_type(kind);
                     if (kind == BindingKind::kStorage) {
                         const BufferState& state = *view.buffer.state();
                         buffers.push_back(
                             {state.vk_buffer(), state.offset() + view.offset, view.size_bytes});
                         write.pBufferInfo = &buffers.back();
                     } else {
                         write.pTexelBufferView = &texel_views_.at(texel_key(view, kind));
                     }
                     writes.push_back(write);
                 });
    context_->vk().UpdateDescriptorSets(context_->device(), static_cast<uint32_t>(writes.size()),
                                        writes.data(), 0, nullptr);
}

}  // namespace alv::gpu
