#include "api/file.h"

#include "api/versioned.h"

namespace alv::api {
namespace {

void close_file(const alv_file& file) noexcept {
    if (!file.close) return;
    try {
        file.close(file.user_data);
    } catch (...) {
        // Nobody is left to be told.
    }
}

Status read_at(const alv_file& file, uint64_t offset, std::span<uint8_t> dst) {
    alv_status status = ALV_STATUS_CALLBACK_FAILED;
    try {
        status = file.read(file.user_data, offset, dst.data(), dst.size());
    } catch (...) {
        return {Code::kCallbackFailed, "the file's read callback threw"};
    }
    if (status == ALV_STATUS_OK) return ok_status();
    return {Code::kCallbackFailed, "the file's read callback returned " + std::to_string(status) +
                                       " for " + std::to_string(dst.size()) + " bytes at " +
                                       std::to_string(offset)};
}

Result<std::shared_ptr<const File>> open_host_file(const alv_file* options) {
    const alv_file defaults = ALV_FILE_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_file file, read_struct(options, defaults, "alv_file"));
    ALV_RETURN_IF_ERROR(check_reserved(file.reserved, "alv_file"));
    if (!file.read) return invalid_argument("alv_file.read is NULL");
    VirtualFileOps ops;
    ops.size_bytes = file.size_bytes;
    ops.read_at = [file](uint64_t offset, std::span<uint8_t> dst) {
        return read_at(file, offset, dst);
    };
    ops.close = [file] { close_file(file); };
    return open_virtual_file(std::move(ops));
}

}  // namespace

Result<std::shared_ptr<const File>> open_source(const alv_model_options& options) {
    ALV_ASSIGN_OR_RETURN(const std::string_view path, read_string(options.path, "path"));
    const int named = (path.empty() ? 0 : 1) + (options.data ? 1 : 0) + (options.file ? 1 : 0);
    if (options.file && named == 1) return open_host_file(options.file);
    if (named != 1) {
        return invalid_argument("exactly one of path, data and file must say what to open");
    }
    if (options.data) {
        const auto* bytes = static_cast<const uint8_t*>(options.data);
        return open_memory_file({bytes, static_cast<size_t>(options.data_size)});
    }
    if (path.find('\0') != std::string_view::npos) return invalid_argument("path has a NUL in it");
    return open_mapped_file(std::string(path));
}

}  // namespace alv::api

void alv_file_init(alv_file* out_file, uint32_t struct_size) {
    const alv_file defaults = ALV_FILE_INIT;
    alv::api::init_struct(out_file, struct_size, defaults);
}
