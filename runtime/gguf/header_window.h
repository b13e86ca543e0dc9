// The first bytes of a GGUF file, fetched as far as the parser has come.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace alv::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF is read as little-endian");

// A mapped file is viewed whole at no cost; any other is read in windows that double, so that the
// header of a file behind a slow vtable costs a few reads and memory of at most twice its size.
class HeaderWindow {
  public:
    // More metadata than any real vocabulary needs (Gemma 3 with 262,144 tokens takes 7 MB).
    static constexpr uint64_t kMaxBytes = 64ULL << 20;

    explicit HeaderWindow(std::shared_ptr<const File> file);

    uint64_t file_size() const { return file_size_; }
    const File& file() const { return *file_; }

    // Makes the bytes [0, end) available; end <= file_size().
    Status ensure(uint64_t end);

    // Both need ensure() first.
    template <typename T>
    T load(uint64_t offset) const {
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        return value;
    }
    std::string_view text(uint64_t offset, uint64_t size) const {
        return {reinterpret_cast<const char*>(bytes_.data()) + offset, static_cast<size_t>(size)};
    }

  private:
    Status grow(uint64_t end);

    std::shared_ptr<const File> file_;
    uint64_t file_size_;
    std::span<const uint8_t> bytes_;  // into the file, or into owned_
    std::vector<uint8_t> owned_;
};

}  // namespace alv::gguf
