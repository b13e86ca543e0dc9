#include "convert/model_folder.h"

#include <filesystem>

namespace alv::convert {

namespace {

constexpr uint64_t kMaxTextBytes = 64u << 20;

}  // namespace

Result<std::string> ModelFolder::text(const std::string& name) const {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const File> file, open(name));
    if (file->size() > kMaxTextBytes) {
        return limit_exceeded(name + " has more than 64 MiB: it is none of a model's texts");
    }
    ALV_ASSIGN_OR_RETURN(const FileBytes bytes, file->read(0, file->size()));
    return std::string(bytes.bytes.begin(), bytes.bytes.end());
}

Result<Json> ModelFolder::json(const std::string& name) const {
    ALV_ASSIGN_OR_RETURN(const std::string content, text(name));
    ALV_ASSIGN_OR_RETURN(Json parsed, parse_json(content, name));
    if (!parsed.is_object()) return corrupt_file(name + ": is no object");
    return parsed;
}

Result<Json> ModelFolder::json_or_empty(const std::string& name) const {
    Result<Json> read = json(name);
    if (!read.ok() && read.status().code() == Code::kNotFound) return Json::object();
    return read;
}

ModelFolder open_folder(const std::string& path) {
    namespace fs = std::filesystem;
    const fs::path given(std::u8string(path.begin(), path.end()));
    std::error_code failed;
    ModelFolder folder;
    fs::path root = given;
    if (!fs::is_directory(given, failed)) {
        root = given.parent_path();
        const std::u8string name = given.filename().u8string();
        folder.weights.assign(name.begin(), name.end());
    }
    folder.open = [root](const std::string& name) {
        const std::u8string whole =
            (root / fs::path(std::u8string(name.begin(), name.end()))).u8string();
        return open_mapped_file(std::string(whole.begin(), whole.end()));
    };
    return folder;
}

}  // namespace alv::convert
