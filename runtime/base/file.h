// Read-only files: mapped from disk, lying in the caller's memory, or behind the host's vtable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace alv {

// Bytes of a file, valid as long as the object lives: a view into a mapping, or an owned copy
// when the file cannot be mapped.
struct FileBytes {
    std::span<const uint8_t> bytes;
    std::vector<uint8_t> owned;  // empty when `bytes` points into the file itself
};

// Thread-safe: read() may be called from any thread.
class File {
  public:
    virtual ~File() = default;
    virtual uint64_t size() const = 0;
    // The bytes [offset, offset + size); out of range is an I/O error that names both.
    virtual Result<FileBytes> read(uint64_t offset, uint64_t size) const = 0;
    // Tells that the range is not read again soon, so that its pages may go (a hint).
    virtual void release(uint64_t offset, uint64_t size) const {
        static_cast<void>(offset);
        static_cast<void>(size);
    }
};

// UTF-8 path. Not found, no permission and empty files have their own messages.
Result<std::shared_ptr<const File>> open_mapped_file(const std::string& path);

// `bytes` must outlive the file unless `owner` keeps it alive.
std::shared_ptr<const File> open_memory_file(std::span<const uint8_t> bytes,
                                             std::shared_ptr<const void> owner = nullptr);

// A file of the host: `read_at(offset, dst)` fills the whole span or fails.
struct VirtualFileOps {
    uint64_t size_bytes = 0;
    std::function<Status(uint64_t offset, std::span<uint8_t> dst)> read_at;
    std::function<void()> close;  // called once, by the last owner; may be empty
};
std::shared_ptr<const File> open_virtual_file(VirtualFileOps ops);

}  // namespace alv
