// Shared by the files of this folder only.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace alv {

// An I/O error that names the range and the file's size, unless the range lies in the file.
Status check_range(uint64_t offset, uint64_t size, uint64_t file_size);

}  // namespace alv
