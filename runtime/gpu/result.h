// VkResult to Status, with what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "gpu/vk.h"

namespace alv::gpu {

std::string_view result_name(VkResult result);

// Negative results only; `what` is the call or the task that failed.
Status status_of(VkResult result, std::string_view what);

// "12.3 MiB", "512 bytes".
std::string format_bytes(uint64_t bytes);

}  // namespace alv::gpu
