// A device, and what was decided about it, as JSON.
#pragma once

#include <string>

#include "gpu/device.h"

namespace alv::api {

// The object of alv_runtime_describe.
std::string describe(const gpu::Device& device, bool is_borrowed);

}  // namespace alv::api
