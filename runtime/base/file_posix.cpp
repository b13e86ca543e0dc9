// A file mapped read-only by mmap.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/file_range.h"

namespace alv {
namespace {

class MappedFile final : public File {
  public:
    MappedFile(uint8_t* data, size_t size) : bytes_(data, size) {}
    ~MappedFile() override { ::munmap(bytes_.data(), bytes_.size()); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    uint64_t size() const override { return bytes_.size(); }

    Result<FileBytes> read(uint64_t offset, uint64_t size) const override {
        ALV_RETURN_IF_ERROR(check_range(offset, size, bytes_.size()));
        return FileBytes{bytes_.subspan(offset, size), {}};
    }

    // Drops whole pages from our resident set; the page cache keeps them for the next load.
    void release(uint64_t offset, uint64_t size) const override {
        if (!check_range(offset, size, bytes_.size()).ok()) return;
        static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
        const uint64_t begin = (offset + page - 1) / page * page;
        const uint64_t end = (offset + size) / page * page;
        if (begin >= end) return;
        ::madvise(bytes_.data() + begin, end - begin, MADV_DONTNEED);
    }

  private:
    std::span<uint8_t> bytes_;
};

std::string reason(int error) {
    return std::generic_category().message(error);
}

Status open_error(const std::string& path, int error) {
    if (error == ENOENT || error == ENOTDIR) return not_found("no such file: " + path);
    if (error == EACCES || error == EPERM) return io_error("no permission to read " + path);
    return io_error("cannot open " + path + ": " + reason(error));
}

// Keeps reading where the kernel stops early; end of file before `dst` is full is an error.
Status read_fully(int fd, uint64_t offset, std::span<uint8_t> dst) {
    while (!dst.empty()) {
        const ssize_t n = ::pread(fd, dst.data(), dst.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("cannot read the file: " + reason(errno));
        if (n == 0) return io_error("the file ended early");
        dst = dst.subspan(static_cast<size_t>(n));
        offset += static_cast<uint64_t>(n);
    }
    return ok_status();
}

class FileDescriptor {
  public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return fd_; }
    int take() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

}  // namespace

Result<std::shared_ptr<const File>> open_mapped_file(const std::string& path) {
    if (path.empty()) return invalid_argument("the path is empty");
    if (path.find('\0') != std::string::npos) return invalid_argument("the path holds a NUL");
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return open_error(path, errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return open_error(path, errno);
    if (S_ISDIR(info.st_mode)) return invalid_argument("is a directory, not a file: " + path);
    if (!S_ISREG(info.st_mode)) return invalid_argument("not a regular file: " + path);
    if (info.st_size <= 0) return corrupt_file("the file is empty: " + path);
    const auto size = static_cast<uint64_t>(info.st_size);
    if (size > SIZE_MAX) return limit_exceeded("too large for this address space: " + path);

    void* data = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (data != MAP_FAILED) {
        std::shared_ptr<const File> file =
            std::make_shared<MappedFile>(static_cast<uint8_t*>(data), static_cast<size_t>(size));
        return file;
    }
    // Some network and FUSE file systems cannot map: read on demand instead.
    VirtualFileOps ops;
    ops.size_bytes = size;
    const int raw = fd.take();
    ops.read_at = [raw](uint64_t offset, std::span<uint8_t> dst) {
        return read_fully(raw, offset, dst);
    };
    ops.close = [raw] { ::close(raw); };
    return open_virtual_file(std::move(ops));
}

}  // namespace alv
