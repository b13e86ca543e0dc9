#include "gpu/features.h"

namespace alv::gpu {

bool has_extension(const std::vector<VkExtensionProperties>& extensions, std::string_view name) {
    for (const VkExtensionProperties& extension : extensions) {
        if (name == extension.extensionName) return true;
    }
    return false;
}

Features::Features() {
    core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    vulkan11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
    vulkan12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    subgroup_size.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
    integer_dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES;
    executables.sType =
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR;
}

void Features::link(uint32_t api_version, const std::vector<VkExtensionProperties>& extensions) {
    const bool v13 = api_version >= VK_API_VERSION_1_3;
    void** tail = &core.pNext;
    const auto append = [&tail](auto& next) {
        *tail = &next;
        tail = &next.pNext;
    };
    append(vulkan11);
    append(vulkan12);
    if (v13 || has_extension(extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)) {
        append(subgroup_size);
    }
    if (v13 || has_extension(extensions, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) {
        append(integer_dot);
    }
    if (has_extension(extensions, VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME)) {
        append(executables);
    }
    *tail = nullptr;
}

void Features::read_host_chain(const void* chain) {
    // Both the struct of a version and the ones of the extensions it took in may be used.
    for (auto* at = static_cast<const VkBaseInStructure*>(chain); at != nullptr; at = at->pNext) {
        const auto as = [at]<typename T>(const T&) { return *reinterpret_cast<const T*>(at); };
        switch (at->sType) {
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2:
                core.features = as(core).features;
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES:
                vulkan11 = as(vulkan11);
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
                vulkan12 = as(vulkan12);
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES: {
                const auto f = as(VkPhysicalDeviceVulkan13Features{});
                subgroup_size.subgroupSizeControl = f.subgroupSizeControl;
                subgroup_size.computeFullSubgroups = f.computeFullSubgroups;
                integer_dot.shaderIntegerDotProduct = f.shaderIntegerDotProduct;
                break;
            }
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES:
                vulkan11.storageBuffer16BitAccess =
                    as(VkPhysicalDevice16BitStorageFeatures{}).storageBuffer16BitAccess;
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES:
                vulkan12.storageBuffer8BitAccess =
                    as(VkPhysicalDevice8BitStorageFeatures{}).storageBuffer8BitAccess;
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES: {
                const auto f = as(VkPhysicalDeviceShaderFloat16Int8Features{});
                vulkan12.shaderFloat16 = f.shaderFloat16;
                vulkan12.shaderInt8 = f.shaderInt8;
                break;
            }
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
                vulkan12.timelineSemaphore =
                    as(VkPhysicalDeviceTimelineSemaphoreFeatures{}).timelineSemaphore;
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES:
                subgroup_size = as(subgroup_size);
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES:
                integer_dot = as(integer_dot);
                break;
            case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR:
                executables = as(executables);
                break;
            default:
                break;
        }
    }
    // The host's chain may be gone after create.
    core.pNext = vulkan11.pNext = vulkan12.pNext = nullptr;
    subgroup_size.pNext = integer_dot.pNext = executables.pNext = nullptr;
}

void Features::keep_useful() {
    VkPhysicalDeviceFeatures f{};
    f.shaderInt16 = core.features.shaderInt16;
    f.shaderInt64 = core.features.shaderInt64;
    core.features = f;

    const VkPhysicalDeviceVulkan11Features had11 = vulkan11;
    vulkan11 = {};
    vulkan11.sType = had11.sType;
    vulkan11.pNext = had11.pNext;
    vulkan11.storageBuffer16BitAccess = had11.storageBuffer16BitAccess;

    const VkPhysicalDeviceVulkan12Features had12 = vulkan12;
    vulkan12 = {};
    vulkan12.sType = had12.sType;
    vulkan12.pNext = had12.pNext;
    vulkan12.timelineSemaphore = had12.timelineSemaphore;
    vulkan12.shaderFloat16 = had12.shaderFloat16;
    vulkan12.shaderInt8 = had12.shaderInt8;
    vulkan12.storageBuffer8BitAccess = had12.storageBuffer8BitAccess;

    executables.pipelineExecutableInfo = VK_FALSE;
}

}  // namespace alv::gpu
