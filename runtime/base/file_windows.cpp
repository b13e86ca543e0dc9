// A file mapped read-only by CreateFileMapping.
#ifndef NOMINMAX
#define NOMINMAX
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <string>

#include "base/file.h"
#include "base/file_range.h"

namespace alv {
namespace {

class MappedFile final : public File {
  public:
    MappedFile(uint8_t* data, size_t size) : bytes_(data, size) {}
    ~MappedFile() override { ::UnmapViewOfFile(bytes_.data()); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    uint64_t size() const override { return bytes_.size(); }

    Result<FileBytes> read(uint64_t offset, uint64_t size) const override {
        ALV_RETURN_IF_ERROR(check_range(offset, size, bytes_.size()));
        return FileBytes{bytes_.subspan(static_cast<size_t>(offset), static_cast<size_t>(size)),
                         {}};
    }

    // VirtualUnlock of pages that are not locked takes them out of the working set (documented).
    void release(uint64_t offset, uint64_t size) const override {
        if (size == 0 || !check_range(offset, size, bytes_.size()).ok()) return;
        ::VirtualUnlock(bytes_.data() + offset, static_cast<SIZE_T>(size));
    }

  private:
    std::span<uint8_t> bytes_;
};

class Handle {
  public:
    explicit Handle(HANDLE handle) : handle_(handle) {}
    ~Handle() {
        if (ok()) ::CloseHandle(handle_);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    bool ok() const { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }
    HANDLE get() const { return handle_; }

  private:
    HANDLE handle_;
};

// Empty when `text` is not valid UTF-8.
std::wstring widen(const std::string& text) {
    const int size = static_cast<int>(text.size());
    const int n =
        ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, nullptr, 0);
    std::wstring wide(static_cast<size_t>(n > 0 ? n : 0), L'\0');
    if (n > 0) {
        ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, wide.data(), n);
    }
    return wide;
}

Status open_error(const std::string& path, DWORD error) {
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND) {
        return not_found("no such file: " + path);
    }
    if (error == ERROR_ACCESS_DENIED) return io_error("no permission to read " + path);
    return io_error("cannot open " + path + ": Windows error " + std::to_string(error));
}

}  // namespace

Result<std::shared_ptr<const File>> open_mapped_file(const std::string& path) {
    if (path.empty()) return invalid_argument("the path is empty");
    if (path.find('\0') != std::string::npos) return invalid_argument("the path holds a NUL");
    if (path.size() > 32767) return invalid_argument("the path is too long");
    const std::wstring wide = widen(path);
    if (wide.empty()) return invalid_argument("the path is not valid UTF-8");
    const DWORD attributes = ::GetFileAttributesW(wide.c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        return invalid_argument("is a directory, not a file: " + path);
    }
    const Handle file(::CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file.ok()) return open_error(path, ::GetLastError());
    LARGE_INTEGER size{};
    if (::GetFileSizeEx(file.get(), &size) == 0) return open_error(path, ::GetLastError());
    if (size.QuadPart <= 0) return corrupt_file("the file is empty: " + path);
    const auto n_bytes = static_cast<uint64_t>(size.QuadPart);
    if (n_bytes > SIZE_MAX) return limit_exceeded("too large for this address space: " + path);

    const Handle mapping(::CreateFileMappingW(file.get(), nullptr, PAGE_READONLY, 0, 0, nullptr));
    if (!mapping.ok()) return open_error(path, ::GetLastError());
    // The view keeps the mapping and the file alive after their handles are closed.
    void* data = ::MapViewOfFile(mapping.get(), FILE_MAP_READ, 0, 0, 0);
    if (data == nullptr) return open_error(path, ::GetLastError());
    std::shared_ptr<const File> result =
        std::make_shared<MappedFile>(static_cast<uint8_t*>(data), static_cast<size_t>(n_bytes));
    return result;
}

}  // namespace alv
