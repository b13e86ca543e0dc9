// Published models (a folder with safetensors) to GGUF.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "convert/model_folder.h"
#include "gguf/writer.h"

namespace alv::convert {

// Of matrices; vectors and small tables stay F32.
enum class Precision : uint32_t { kF16 = 0, kF32 = 1 };

// Errors: not found (a file of the folder), unsupported (names the model type or setting), corrupt
// file (names the file and what is wrong), I/O error. The output is written whole or not at all.
Status convert(const std::string& input_utf8, const std::string& output_utf8, Precision precision);

// The same without the file system.
Status convert(const ModelFolder& folder, Precision precision, const gguf::Sink& sink);

}  // namespace alv::convert
