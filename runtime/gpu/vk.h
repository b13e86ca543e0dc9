// Vulkan's types. No prototypes: every call goes through a table (calls.h), nothing links
// libvulkan.
#pragma once

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <vulkan/vulkan_core.h>
