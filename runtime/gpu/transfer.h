// Bytes from the host into buffers and back.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "gpu/buffer.h"
#include "gpu/context.h"
#include "gpu/memory.h"
#include "gpu/recorder.h"

namespace alv::gpu {

// Thread-safe: one transfer at a time.
class Transfer {
  public:
    using Fill = std::function<Status(uint64_t, std::span<uint8_t>)>;

    // `always_stage`: for tests, copies also where the host sees the buffer.
    Transfer(std::shared_ptr<Context> context, std::shared_ptr<Memory> memory, bool always_stage)
        : context_(std::move(context)), memory_(std::move(memory)), always_stage_(always_stage) {}

    Status upload(const BufferView& view, const Fill& fill);
    Status download(const BufferView& view, std::span<uint8_t> out);

  private:
    // Halves of one staging buffer: one is filled while the other is copied.
    struct Slot {
        BufferView staging;
        uint64_t value = 0;  // of the timeline, when the last copy from it is done
        std::unique_ptr<Program> program;
    };

    Status make_visible();
    Status check_view(const BufferView& view) const;
    Status upload_staged(const BufferView& view, const Fill& fill);
    Status upload_pieces(const BufferView& view, const Fill& fill);
    Result<uint64_t> copy(Slot& slot, const BufferView& from, const BufferView& to);
    Status finish_slot(Slot& slot);
    Status make_staging();
    Status download_staged(const BufferView& view, std::span<uint8_t> out);

    std::shared_ptr<Context> context_;
    std::shared_ptr<Memory> memory_;
    std::mutex mutex_;
    Slot slots_[2];
    bool always_stage_;
};

}  // namespace alv::gpu
