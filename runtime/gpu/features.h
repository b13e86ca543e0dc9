// The feature structs this layer knows, chained: to ask a device, to enable, and to read a host's.
#pragma once

#include <string_view>
#include <vector>

#include "gpu/vk.h"

namespace alv::gpu {

// Extensions of a device, or those that were enabled on it.
bool has_extension(const std::vector<VkExtensionProperties>& extensions, std::string_view name);

// Not copyable: the structs point at each other.
struct Features {
    VkPhysicalDeviceFeatures2 core{};
    VkPhysicalDeviceVulkan11Features vulkan11{};
    VkPhysicalDeviceVulkan12Features vulkan12{};
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size{};
    VkPhysicalDeviceShaderIntegerDotProductFeatures integer_dot{};
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables{};

    Features();
    Features(const Features&) = delete;
    Features& operator=(const Features&) = delete;

    // Chains what a device of this version and with these extensions knows. Vulkan 1.2 at least.
    void link(uint32_t api_version, const std::vector<VkExtensionProperties>& extensions);
    // Takes what a VkPhysicalDeviceFeatures2 chain, which a host made its device with, enables.
    void read_host_chain(const void* chain);
    // Turns off what this library has no use for, so that it is not enabled on our own device.
    void keep_useful();
};

}  // namespace alv::gpu
