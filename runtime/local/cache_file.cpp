#include "local/cache_file.h"

#include <filesystem>
#include <fstream>

namespace alv::local {
namespace {

constexpr uintmax_t kMaxCacheBytes = 512u << 20;

std::filesystem::path to_path(const std::string& utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

}  // namespace

std::vector<uint8_t> read_cache_file(const std::string& path_utf8) {
    std::error_code failed;
    const std::filesystem::path path = to_path(path_utf8);
    const uintmax_t size = std::filesystem::file_size(path, failed);
    if (failed || size == 0 || size > kMaxCacheBytes) return {};
    std::vector<uint8_t> bytes(static_cast<size_t>(size));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) return {};
    return bytes;
}

Status write_cache_file(const std::string& path_utf8, std::span<const uint8_t> bytes) {
    const std::filesystem::path path = to_path(path_utf8);
    std::filesystem::path beside = path;
    beside += ".new";
    std::error_code failed;
    {
        std::ofstream file(beside, std::ios::binary | std::ios::trunc);
        file.write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        file.flush();
        if (!file) {
            std::filesystem::remove(beside, failed);
            return io_error("cannot write " + path_utf8);
        }
    }
    std::filesystem::rename(beside, path, failed);
    if (!failed) return ok_status();
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    return io_error("cannot replace " + path_utf8 + ": " + failed.message());
}

}  // namespace alv::local
