#include "gpu/transfer.h"

#include <algorithm>
#include <cstring>

#include "gpu/program.h"
#include "gpu/record.h"

namespace alv::gpu {
namespace {

// Both halves together: large enough for the bus, small enough beside a model.
constexpr uint64_t kStagingBytes = 16 * 1024 * 1024;

}  // namespace

Status Transfer::check_view(const BufferView& view) const {
    ALV_RETURN_IF_ERROR(context_->alive());
    const uint64_t size = view.buffer.size_bytes();
    if (!view.buffer || view.buffer.state()->context() != context_.get() || view.offset > size ||
        view.size_bytes > size - view.offset) {
        return invalid_argument("a transfer outside of its buffer");
    }
    return ok_status();
}

// An empty program: everything before it is finished and visible to the host.
Status Transfer::make_visible() {
    RecorderImpl recorder(context_, "visible to the host", false);
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Program> program, recorder.finish());
    const auto& empty = static_cast<const ProgramImpl&>(*program);
    ALV_ASSIGN_OR_RETURN(const uint64_t value, context_->submit(empty.segments()));
    empty.submitted(0, 1, value);
    ALV_ASSIGN_OR_RETURN(const bool done, context_->wait(value, UINT64_MAX));
    return done ? ok_status() : internal_error("the wait for the device ended early");
}

Status Transfer::upload(const BufferView& view, const Fill& fill) {
    ALV_RETURN_IF_ERROR(check_view(view));
    if (view.size_bytes == 0) return ok_status();
    uint8_t* const mapped = view.buffer.mapped();
    if (mapped != nullptr && !always_stage_) {
        return fill(0, {mapped + view.offset, static_cast<size_t>(view.size_bytes)});
    }
    const std::lock_guard lock(mutex_);
    return upload_staged(view, fill);
}

Status Transfer::make_staging() {
    if (slots_[0].staging.buffer) return ok_status();
    ALV_ASSIGN_OR_RETURN(const Buffer buffer,
                         memory_->create_buffer(Domain::kStaging, kStagingBytes, "staging"));
    if (buffer.mapped() == nullptr) return internal_error("staging memory is not mapped");
    slots_[0].staging = BufferView(buffer, 0, kStagingBytes / 2);
    slots_[1].staging = BufferView(buffer, kStagingBytes / 2, kStagingBytes / 2);
    return ok_status();
}

Status Transfer::finish_slot(Slot& slot) {
    if (slot.value == 0) return ok_status();
    ALV_ASSIGN_OR_RETURN(const bool done, context_->wait(slot.value, UINT64_MAX));
    if (!done) return internal_error("the wait for a copy ended early");
    slot.value = 0;
    slot.program.reset();
    return ok_status();
}

Result<uint64_t> Transfer::copy(Slot& slot, const BufferView& from, const BufferView& to) {
    RecorderImpl recorder(context_, "transfer", false);
    recorder.copy(from, to);
    ALV_ASSIGN_OR_RETURN(slot.program, recorder.finish());
    const auto& program = static_cast<const ProgramImpl&>(*slot.program);
    ALV_ASSIGN_OR_RETURN(slot.value, context_->submit(program.segments()));
    program.submitted(0, 1, slot.value);
    return slot.value;
}

Status Transfer::upload_staged(const BufferView& view, const Fill& fill) {
    ALV_RETURN_IF_ERROR(make_staging());
    Status status = upload_pieces(view, fill);
    // Also on failure: what is in flight still reads the staging buffer.
    for (Slot& slot : slots_) {
        Status finished = finish_slot(slot);
        if (!finished.ok()) return status.ok() ? finished : status;
    }
    return status;
}

Status Transfer::upload_pieces(const BufferView& view, const Fill& fill) {
    size_t next = 0;
    for (uint64_t done = 0; done < view.size_bytes; next ^= 1) {
        Slot& slot = slots_[next];
        ALV_RETURN_IF_ERROR(finish_slot(slot));
        const uint64_t piece = std::min(slot.staging.size_bytes, view.size_bytes - done);
        uint8_t* const bytes = slot.staging.buffer.mapped() + slot.staging.offset;
        ALV_RETURN_IF_ERROR(fill(done, {bytes, static_cast<size_t>(piece)}));
        ALV_RETURN_IF_ERROR(copy(slot, {slot.staging.buffer, slot.staging.offset, piece},
                                 {view.buffer, view.offset + done, piece})
                                .status());
        done += piece;
    }
    return ok_status();
}

Status Transfer::download(const BufferView& view, std::span<uint8_t> out) {
    ALV_RETURN_IF_ERROR(check_view(view));
    if (out.size() != view.size_bytes) {
        return invalid_argument("download: the two sizes differ");
    }
    if (out.empty()) return ok_status();
    const uint8_t* const mapped = view.buffer.mapped();
    if (mapped == nullptr || always_stage_) {
        const std::lock_guard lock(mutex_);
        return download_staged(view, out);
    }
    ALV_RETURN_IF_ERROR(make_visible());
    std::memcpy(out.data(), mapped + view.offset, out.size());
    return ok_status();
}

Status Transfer::download_staged(const BufferView& view, std::span<uint8_t> out) {
    ALV_RETURN_IF_ERROR(make_staging());
    Slot& slot = slots_[0];
    for (uint64_t done = 0; done < view.size_bytes;) {
        const uint64_t piece = std::min(slot.staging.size_bytes, view.size_bytes - done);
        ALV_RETURN_IF_ERROR(copy(slot, {view.buffer, view.offset + done, piece},
                                 {slot.staging.buffer, slot.staging.offset, piece})
                                .status());
        ALV_RETURN_IF_ERROR(finish_slot(slot));
        std::memcpy(out.data() + done, slot.staging.buffer.mapped() + slot.staging.offset,
                    static_cast<size_t>(piece));
        done += piece;
    }
    return ok_status();
}

}  // namespace alv::gpu
