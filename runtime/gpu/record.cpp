#include "gpu/record.h"

#include "gpu/memory.h"
#include "gpu/program.h"

namespace alv::gpu {

RecorderImpl::RecorderImpl(std::shared_ptr<Context> context, std::string_view name, bool profile)
    : context_(std::move(context)), status_(context_->alive()) {
    list_.name = name;
    list_.profile = profile;
}

void RecorderImpl::keep(Status status) {
    if (status_.ok() && !status.ok()) status_ = std::move(status.annotate(list_.name));
}

Status RecorderImpl::check_view(const BufferView& view) const {
    if (!view.buffer) return invalid_argument("no buffer is given");
    const uint64_t size = view.buffer.size_bytes();
    if (view.buffer.state()->context() != context_.get()) {
        return invalid_argument("the buffer is of another device");
    }
    if (view.size_bytes == 0 || view.offset > size || view.size_bytes > size - view.offset) {
        return invalid_argument("a view of bytes " + std::to_string(view.offset) + " + " +
                                std::to_string(view.size_bytes) + " of a buffer of " +
                                std::to_string(size));
    }
    return ok_status();
}

Status RecorderImpl::check_bindings(const KernelState& kernel,
                                    std::span<const BufferView> bindings) const {
    const Caps& caps = context_->caps();
    const uint32_t n_bindings = kernel.interface().n_bindings;
    if (bindings.size() < n_bindings) {
        return invalid_argument(std::to_string(bindings.size()) + " bindings are given, " +
                                std::to_string(n_bindings) + " needed");
    }
    for (uint32_t b = 0; b < n_bindings; ++b) {
        if (!kernel.layout().reflection.binding_present[b]) continue;
        Status status = check_view(bindings[b]);
        if (status.ok() && bindings[b].size_bytes > caps.max_storage_range_bytes) {
            status = limit_exceeded(std::to_string(bindings[b].size_bytes) +
                                    " bytes are more than the device binds at once: " +
                                    std::to_string(caps.max_storage_range_bytes));
        }
        const bool texels = kernel.interface().binding_kinds[b] != BindingKind::kStorage;
        if (status.ok() && texels &&
            (bindings[b].size_bytes % kTexelBytes != 0 ||
             bindings[b].size_bytes / kTexelBytes > caps.max_texel_elements)) {
            status = limit_exceeded(std::to_string(bindings[b].size_bytes) +
                                    " bytes are no texels of 16, or more than " +
                                    std::to_string(caps.max_texel_elements) + " of them");
        }
        if (status.ok() && bindings[b].offset % caps.storage_offset_alignment != 0) {
            status = invalid_argument("an offset that is no multiple of " +
                                      std::to_string(caps.storage_offset_alignment));
        }
        if (!status.ok()) return status.annotate("binding " + std::to_string(b));
    }
    return ok_status();
}

Status RecorderImpl::add_dispatch(const Kernel* kernel, std::span<const BufferView> bindings,
                                  std::span<const std::byte> push, Command command) {
    if (kernel == nullptr) return invalid_argument("no kernel");
    const auto* state = static_cast<const KernelState*>(kernel);
    if (state->context() != context_.get()) {
        return invalid_argument("the kernel is of another device");
    }
    Status status = check_bindings(*state, bindings);
    // A shader that ignores its push constants has none left after optimization.
    const uint32_t wanted = state->interface().push_constant_bytes;
    if (status.ok() && wanted != 0 && push.size() != wanted) {
        status = invalid_argument(std::to_string(push.size()) + " bytes of push constants, " +
                                  std::to_string(wanted) + " needed");
    }
    for (size_t i = 0; status.ok() && i < 3; ++i) {
        if (command.groups[i] > context_->caps().max_workgroup_count[i]) {
            status = limit_exceeded(std::to_string(command.groups[i]) + " workgroups");
        }
    }
    if (!status.ok()) return status.annotate(state->key().shader);
    command.kernel = state;
    command.first_view = static_cast<uint32_t>(list_.views.size());
    command.n_views = state->interface().n_bindings;
    command.first_push = static_cast<uint32_t>(list_.push.size());
    command.label = static_cast<uint32_t>(list_.labels.size()) - 1;
    command.segment = list_.n_segments - 1;
    list_.views.insert(list_.views.end(), bindings.begin(), bindings.begin() + command.n_views);
    if (wanted != 0) list_.push.insert(list_.push.end(), push.begin(), push.end());
    list_.commands.push_back(command);
    return ok_status();
}

void RecorderImpl::dispatch(const Kernel* kernel, std::span<const BufferView> bindings,
                            std::span<const std::byte> push, uint32_t groups_x, uint32_t groups_y,
                            uint32_t groups_z) {
    if (!status_.ok() || groups_x == 0 || groups_y == 0 || groups_z == 0) return;
    Command command;
    command.kind = CommandKind::kDispatch;
    command.groups = {groups_x, groups_y, groups_z};
    keep(add_dispatch(kernel, bindings, push, command));
}

void RecorderImpl::dispatch_indirect(const Kernel* kernel, std::span<const BufferView> bindings,
                                     std::span<const std::byte> push, const BufferView& arguments) {
    if (!status_.ok()) return;
    keep(check_view(arguments).annotate("indirect arguments"));
    if (status_.ok() && (arguments.size_bytes < 12 || arguments.offset % 4 != 0)) {
        keep(invalid_argument("indirect arguments are three uint32 at a multiple of 4"));
    }
    if (!status_.ok()) return;
    Command command;
    command.kind = CommandKind::kIndirect;
    keep(add_dispatch(kernel, bindings, push, command));
    if (status_.ok()) list_.views.push_back(arguments);
}

Status RecorderImpl::add_transfer(Command command, std::initializer_list<BufferView> views) {
    for (const BufferView& view : views) ALV_RETURN_IF_ERROR(check_view(view));
    command.first_view = static_cast<uint32_t>(list_.views.size());
    command.n_views = static_cast<uint32_t>(views.size());
    command.label = static_cast<uint32_t>(list_.labels.size()) - 1;
    command.segment = list_.n_segments - 1;
    list_.views.insert(list_.views.end(), views);
    list_.commands.push_back(command);
    return ok_status();
}

void RecorderImpl::copy(const BufferView& from, const BufferView& to) {
    if (!status_.ok()) return;
    if (from.size_bytes != to.size_bytes) {
        keep(invalid_argument("copy: the two views differ in size"));
        return;
    }
    const bool same = from.buffer.state() == to.buffer.state();
    if (same && from.offset < to.offset + to.size_bytes &&
        to.offset < from.offset + from.size_bytes) {
        keep(invalid_argument("copy: the two views overlap"));
        return;
    }
    Command command;
    command.kind = CommandKind::kCopy;
    keep(add_transfer(command, {from, to}).annotate("copy"));
}

void RecorderImpl::fill(const BufferView& target, uint32_t value) {
    if (!status_.ok()) return;
    if (target.offset % 4 != 0 || target.size_bytes % 4 != 0) {
        keep(invalid_argument("fill: offset and size must be multiples of 4"));
        return;
    }
    Command command;
    command.kind = CommandKind::kFill;
    command.fill_value = value;
    keep(add_transfer(command, {target}).annotate("fill"));
}

void RecorderImpl::label(std::string_view name) {
    list_.labels.emplace_back(name);
}

void RecorderImpl::split() {
    // An empty segment would be a submit for nothing.
    const bool empty =
        list_.commands.empty() || list_.commands.back().segment + 1 != list_.n_segments;
    if (!empty) ++list_.n_segments;
}

Result<std::unique_ptr<Program>> RecorderImpl::finish() {
    ALV_RETURN_IF_ERROR(status_);
    status_ = invalid_state(list_.name + ": the recorder was finished already");
    const bool last_is_empty =
        !list_.commands.empty() && list_.commands.back().segment + 1 != list_.n_segments;
    if (last_is_empty) --list_.n_segments;
    ALV_ASSIGN_OR_RETURN(std::unique_ptr<ProgramImpl> program,
                         ProgramImpl::create(context_, list_));
    return std::unique_ptr<Program>(std::move(program));
}

}  // namespace alv::gpu
