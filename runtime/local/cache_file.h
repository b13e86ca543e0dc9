// The pipeline cache on disk: a miss is never an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace alv::local {

// Empty if there is no such file, or it can't be read.
std::vector<uint8_t> read_cache_file(const std::string& path_utf8);

// Whole or not at all: written beside and renamed.
Status write_cache_file(const std::string& path_utf8, std::span<const uint8_t> bytes);

}  // namespace alv::local
