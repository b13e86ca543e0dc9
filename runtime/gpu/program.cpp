#include "gpu/program.h"

#include <set>

#include "gpu/memory.h"

namespace alv::gpu {
namespace {

constexpr VkPipelineStageFlags kCompute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
constexpr VkPipelineStageFlags kTransfer = VK_PIPELINE_STAGE_TRANSFER_BIT;
constexpr VkPipelineStageFlags kIndirect = VK_PIPELINE_STAGE_DRAW_INDIRECT_BIT;
constexpr VkAccessFlags kWrites = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;

VkPipelineStageFlags stages_of(const CommandList& list) {
    VkPipelineStageFlags stages = kCompute;
    for (const Command& c : list.commands) {
        if (c.kind == CommandKind::kCopy || c.kind == CommandKind::kFill) stages |= kTransfer;
        if (c.kind == CommandKind::kIndirect) stages |= kIndirect;
    }
    return stages;
}

// All that may be done in these stages.
VkAccessFlags access_in(VkPipelineStageFlags stages) {
    VkAccessFlags access = 0;
    if ((stages & kCompute) != 0) access |= VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT;
    if ((stages & kTransfer) != 0) {
        access |= VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    }
    if ((stages & kIndirect) != 0) access |= VK_ACCESS_INDIRECT_COMMAND_READ_BIT;
    return access;
}

Access access_of(const BufferView& view, bool reads, bool writes) {
    const BufferState& state = *view.buffer.state();
    const uint64_t begin = state.offset() + view.offset;
    const auto id = reinterpret_cast<uint64_t>(state.vk_buffer());
    return {{id, begin, begin + view.size_bytes}, reads, writes};
}

std::vector<Access> accesses_of(const CommandList& list, const Command& command) {
    std::vector<Access> accesses;
    const BufferView* const views = list.views.data() + command.first_view;
    switch (command.kind) {
        case CommandKind::kCopy:
            return {access_of(views[0], true, false), access_of(views[1], false, true)};
        case CommandKind::kFill:
            return {access_of(views[0], false, true)};
        case CommandKind::kIndirect:
            accesses.push_back(access_of(views[command.n_views], true, false));
            break;
        case CommandKind::kDispatch:
            break;
    }
    const Reflection& reflection = command.kernel->layout().reflection;
    for (uint32_t b = 0; b < command.n_views; ++b) {
        if (!reflection.binding_present[b]) continue;
        accesses.push_back(access_of(views[b], reflection.interface.binding_reads[b],
                                     reflection.interface.binding_writes[b]));
    }
    return accesses;
}

std::string op_name(const CommandList& list, const Command& command) {
    if (!list.labels[command.label].empty()) return list.labels[command.label];
    if (command.kernel != nullptr) return command.kernel->key().shader;
    return command.kind == CommandKind::kCopy ? "copy" : "fill";
}

}  // namespace

Result<std::unique_ptr<ProgramImpl>> ProgramImpl::create(std::shared_ptr<Context> context,
                                                         const CommandList& list) {
    std::unique_ptr<ProgramImpl> self(new ProgramImpl(std::move(context)));
    std::set<const BufferState*> seen;
    for (const BufferView& view : list.views) {
        if (view.buffer && seen.insert(view.buffer.state()).second) {
            self->buffers_.push_back(view.buffer.shared());
        }
    }
    self->stages_ = stages_of(list);
    ALV_RETURN_IF_ERROR(self->make_sets(list));
    ALV_RETURN_IF_ERROR(self->make_command_buffers(list.n_segments));
    if (list.profile) ALV_RETURN_IF_ERROR(self->make_queries(list));
    size_t at = 0;
    for (uint32_t segment = 0; segment < list.n_segments; ++segment) {
        ALV_RETURN_IF_ERROR(self->record_segment(list, segment, at));
    }
    self->ran_.resize(list.n_segments);
    self->set_of_ = {};
    return self;
}

ProgramImpl::~ProgramImpl() {
    if (last_value_ != 0) context_->drain(last_value_);
    const DeviceCalls& vk = context_->vk();
    context_->destroy(vk.DestroyQueryPool, queries_);
    context_->destroy(vk.DestroyCommandPool, command_pool_);
    context_->destroy(vk.DestroyDescriptorPool, descriptors_);
    for (auto& [key, view] : texel_views_) context_->destroy(vk.DestroyBufferView, view);
}

void ProgramImpl::submitted(uint32_t first, uint32_t count, uint64_t value) const {
    for (uint32_t s = first; s < first + count; ++s) ran_[s] = true;
    last_value_ = value;
}

uint32_t ProgramImpl::n_dispatches(uint32_t first, uint32_t count) const {
    if (count == 0) return 0;
    return dispatches_up_to_[first + count - 1] - (first == 0 ? 0 : dispatches_up_to_[first - 1]);
}

Status ProgramImpl::make_command_buffers(uint32_t n_segments) {
    const DeviceCalls& vk = context_->vk();
    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.queueFamilyIndex = context_->queue_family();
    ALV_RETURN_IF_ERROR(
        context_->check(vk.CreateCommandPool(context_->device(), &pool, nullptr, &command_pool_),
                        "vkCreateCommandPool"));
    VkCommandBufferAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    info.commandPool = command_pool_;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = n_segments;
    segments_.resize(n_segments);
    return context_->check(vk.AllocateCommandBuffers(context_->device(), &info, segments_.data()),
                           "vkAllocateCommandBuffers");
}

void ProgramImpl::barrier(VkCommandBuffer buffer, VkPipelineStageFlags to,
                          VkAccessFlags access) const {
    VkMemoryBarrier memory{};
    memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    memory.srcAccessMask = kWrites;
    memory.dstAccessMask = access;
    VkPipelineStageFlags from = stages_;
    if ((from & kTransfer) == 0) memory.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
    context_->vk().CmdPipelineBarrier(buffer, from, to, 0, 1, &memory, 0, nullptr, 0, nullptr);
}

Status ProgramImpl::record_segment(const CommandList& list, uint32_t segment, size_t& at) {
    const DeviceCalls& vk = context_->vk();
    const VkCommandBuffer buffer = segments_[segment];
    // Replayed, and possibly while an earlier run is still pending.
    VkCommandBufferBeginInfo begin{};
    begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    begin.flags = VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT;
    ALV_RETURN_IF_ERROR(
        context_->check(vk.BeginCommandBuffer(buffer, &begin), "vkBeginCommandBuffer"));
    // Whatever ran before on this queue may have written what this reads.
    VkMemoryBarrier entry{};
    entry.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    entry.srcAccessMask = kWrites;
    entry.dstAccessMask = access_in(stages_);
    vk.CmdPipelineBarrier(buffer, kCompute | kTransfer | kIndirect, stages_, 0, 1, &entry, 0,
                          nullptr, 0, nullptr);
    hazards_.clear();
    bound_kernel_ = nullptr;
    bound_set_ = UINT32_MAX;

    uint32_t query = 0;
    if (queries_ != VK_NULL_HANDLE) {
        query = first_query_[segment];
        vk.CmdResetQueryPool(buffer, queries_, query, first_query_[segment + 1] - query);
        stamp(buffer, query++);
    }
    for (; at < list.commands.size() && list.commands[at].segment == segment; ++at) {
        record_command(list, at, buffer);
        if (queries_ != VK_NULL_HANDLE) stamp(buffer, query++);
    }
    dispatches_up_to_.push_back(n_dispatches_);
    if (segment + 1 == list.n_segments) {
        barrier(buffer, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    }
    return context_->check(vk.EndCommandBuffer(buffer), "vkEndCommandBuffer");
}

void ProgramImpl::record_command(const CommandList& list, size_t index, VkCommandBuffer buffer) {
    const DeviceCalls& vk = context_->vk();
    const Command& command = list.commands[index];
    const std::vector<Access> accesses = accesses_of(list, command);
    if (hazards_.needs_barrier(accesses)) {
        barrier(buffer, stages_, access_in(stages_));
        hazards_.clear();
        ++n_barriers_;
    }
    hazards_.add(accesses);

    const bool labelled = list.profile && context_->instance().debug_labels() &&
                          vk.CmdBeginDebugUtilsLabelEXT && vk.CmdEndDebugUtilsLabelEXT;
    if (labelled) {
        const std::string name = op_name(list, command);
        VkDebugUtilsLabelEXT label{};
        label.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT;
        label.pLabelName = name.c_str();
        vk.CmdBeginDebugUtilsLabelEXT(buffer, &label);
    }
    const BufferView* const views = list.views.data() + command.first_view;
    if (command.kernel != nullptr) {
        record_dispatch(list, index, buffer);
    } else if (command.kind == CommandKind::kCopy) {
        const VkBufferCopy region{views[0].buffer.state()->offset() + views[0].offset,
                                  views[1].buffer.state()->offset() + views[1].offset,
                                  views[0].size_bytes};
        vk.CmdCopyBuffer(buffer, views[0].buffer.state()->vk_buffer(),
                         views[1].buffer.state()->vk_buffer(), 1, &region);
    } else {
        vk.CmdFillBuffer(buffer, views[0].buffer.state()->vk_buffer(),
                         views[0].buffer.state()->offset() + views[0].offset, views[0].size_bytes,
                         command.fill_value);
    }
    if (labelled) vk.CmdEndDebugUtilsLabelEXT(buffer);
}

void ProgramImpl::record_dispatch(const CommandList& list, size_t index, VkCommandBuffer buffer) {
    const DeviceCalls& vk = context_->vk();
    const Command& command = list.commands[index];
    const ShaderLayout& layout = command.kernel->layout();
    if (bound_kernel_ != command.kernel) {
        vk.CmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, command.kernel->pipeline());
        // A set stays bound only across pipelines of one layout.
        if (bound_kernel_ == nullptr || &bound_kernel_->layout() != &layout)
            bound_set_ = UINT32_MAX;
        bound_kernel_ = command.kernel;
    }
    if (bound_set_ != set_of_[index]) {
        bound_set_ = set_of_[index];
        vk.CmdBindDescriptorSets(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, layout.pipeline_layout, 0,
                                 1, &sets_[bound_set_], 0, nullptr);
    }
    if (const uint32_t n = layout.reflection.interface.push_constant_bytes; n != 0) {
        vk.CmdPushConstants(buffer, layout.pipeline_layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, n,
                            list.push.data() + command.first_push);
    }
    ++n_dispatches_;
    if (command.kind == CommandKind::kDispatch) {
        vk.CmdDispatch(buffer, command.groups[0], command.groups[1], command.groups[2]);
        return;
    }
    const BufferView& arguments = list.views[command.first_view + command.n_views];
    vk.CmdDispatchIndirect(buffer, arguments.buffer.state()->vk_buffer(),
                           arguments.buffer.state()->offset() + arguments.offset);
}

Status ProgramImpl::make_queries(const CommandList& list) {
    if (context_->caps().timestamp_valid_bits == 0) return ok_status();
    size_t at = 0;
    uint32_t n_queries = 0;
    for (uint32_t segment = 0; segment < list.n_segments; ++segment) {
        first_query_.push_back(n_queries++);
        for (; at < list.commands.size() && list.commands[at].segment == segment; ++at) {
            op_names_.push_back(op_name(list, list.commands[at]));
            ++n_queries;
        }
    }
    first_query_.push_back(n_queries);
    VkQueryPoolCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = n_queries;
    return context_->check(
        context_->vk().CreateQueryPool(context_->device(), &info, nullptr, &queries_),
        "vkCreateQueryPool");
}

void ProgramImpl::stamp(VkCommandBuffer buffer, uint32_t query) const {
    context_->vk().CmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries_, query);
}

Status ProgramImpl::read_queries(uint32_t segment, std::vector<OpTime>& times) const {
    const uint32_t first = first_query_[segment];
    const uint32_t count = first_query_[segment + 1] - first;
    std::vector<uint64_t> stamps(count);
    const VkResult result = context_->vk().GetQueryPoolResults(
        context_->device(), queries_, first, count, count * sizeof(uint64_t), stamps.data(),
        sizeof(uint64_t), VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
    ALV_RETURN_IF_ERROR(context_->check(result, "vkGetQueryPoolResults"));
    const uint32_t valid_bits = context_->caps().timestamp_valid_bits;
    const uint64_t mask = valid_bits >= 64 ? UINT64_MAX : (uint64_t{1} << valid_bits) - 1;
    for (uint32_t i = 1; i < count; ++i) {
        const uint64_t ticks = (stamps[i] - stamps[i - 1]) & mask;
        const double ns = static_cast<double>(ticks) * context_->caps().timestamp_period_ns;
        times.push_back({op_names_[first - segment + i - 1], ns / 1000.0});
    }
    return ok_status();
}

Status ProgramImpl::read_times(uint32_t first, uint32_t count, std::vector<OpTime>& times) const {
    if (queries_ == VK_NULL_HANDLE) return ok_status();
    for (uint32_t segment = first; segment < first + count; ++segment) {
        ALV_RETURN_IF_ERROR(read_queries(segment, times));
    }
    return ok_status();
}

Result<std::vector<OpTime>> ProgramImpl::profile() const {
    std::vector<OpTime> times;
    if (queries_ == VK_NULL_HANDLE || last_value_ == 0) return times;
    ALV_ASSIGN_OR_RETURN(const bool done, context_->wait(last_value_, UINT64_MAX));
    if (!done) return internal_error("the wait for the last run ended early");
    for (uint32_t segment = 0; segment < n_segments(); ++segment) {
        if (ran_[segment]) ALV_RETURN_IF_ERROR(read_queries(segment, times));
    }
    return times;
}

}  // namespace alv::gpu
