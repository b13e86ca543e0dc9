// The files that need no operating system: memory and virtual.
#include "base/file.h"

#include <new>
#include <utility>

#include "base/checked.h"
#include "base/file_range.h"

namespace alv {

Status check_range(uint64_t offset, uint64_t size, uint64_t file_size) {
    const auto end = checked_add(offset, size);
    if (end && *end <= file_size) return ok_status();
    return io_error("read of " + std::to_string(size) + " bytes at offset " +
                    std::to_string(offset) + " is outside the file of " +
                    std::to_string(file_size) + " bytes");
}

namespace {

class MemoryFile final : public File {
  public:
    MemoryFile(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner)
        : bytes_(bytes), owner_(std::move(owner)) {}

    uint64_t size() const override { return bytes_.size(); }
    Result<FileBytes> read(uint64_t offset, uint64_t size) const override {
        ALV_RETURN_IF_ERROR(check_range(offset, size, bytes_.size()));
        return FileBytes{bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(size)),
                         {}};
    }

  private:
    std::span<const uint8_t> bytes_;
    std::shared_ptr<const void> owner_;
};

class VirtualFile final : public File {
  public:
    explicit VirtualFile(VirtualFileOps ops) : ops_(std::move(ops)) {}
    ~VirtualFile() override {
        if (ops_.close) ops_.close();
    }
    VirtualFile(const VirtualFile&) = delete;
    VirtualFile& operator=(const VirtualFile&) = delete;

    uint64_t size() const override { return ops_.size_bytes; }
    Result<FileBytes> read(uint64_t offset, uint64_t size) const override {
        ALV_RETURN_IF_ERROR(check_range(offset, size, ops_.size_bytes));
        if (!ops_.read_at) return invalid_argument("the file has no read_at function");
        FileBytes result;
        if (size > result.owned.max_size()) return too_large(size);
        try {
            result.owned.resize(static_cast<size_t>(size));
        } catch (const std::bad_alloc&) {
            return too_large(size);
        }
        result.bytes = result.owned;
        if (size == 0) return result;
        Status status = ops_.read_at(offset, result.owned);
        if (!status.ok()) {
            status.annotate("read of " + std::to_string(size) + " bytes at offset " +
                            std::to_string(offset));
            return status;
        }
        return result;
    }

  private:
    static Status too_large(uint64_t size) {
        return out_of_host_memory("no memory to read " + std::to_string(size) + " bytes");
    }

    VirtualFileOps ops_;
};

}  // namespace

std::shared_ptr<const File> open_memory_file(std::span<const uint8_t> bytes,
                                             std::shared_ptr<const void> owner) {
    return std::make_shared<MemoryFile>(bytes, std::move(owner));
}

std::shared_ptr<const File> open_virtual_file(VirtualFileOps ops) {
    return std::make_shared<VirtualFile>(std::move(ops));
}

}  // namespace alv
