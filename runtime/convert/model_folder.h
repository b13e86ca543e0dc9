// The files of a model as it is published beside its safetensors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/file.h"
#include "convert/json_text.h"

namespace alv::convert {

// Opens a file of the folder by its name ("1_Pooling/config.json"); not found where it is missing.
using OpenPart = std::function<Result<std::shared_ptr<const File>>(const std::string& name)>;

struct ModelFolder {
    OpenPart open;
    std::string weights = "model.safetensors";

    // At most `kMaxTextBytes`.
    Result<std::string> text(const std::string& name) const;
    Result<Json> json(const std::string& name) const;
    // An empty object where there is no such file.
    Result<Json> json_or_empty(const std::string& name) const;
};

// A folder, or its .safetensors file, by UTF-8 path.
ModelFolder open_folder(const std::string& path);

}  // namespace alv::convert
