// Injected failures, for tests.
#pragma once

#include <cstdint>
#include <functional>

namespace alv::gpu {

// Called before each Vulkan call that can fail, with its name; a value other than 0 is returned as
// that call's VkResult, and the call is not made. May come from several threads at once.
using FaultHook = std::function<int32_t(const char* call)>;

}  // namespace alv::gpu
