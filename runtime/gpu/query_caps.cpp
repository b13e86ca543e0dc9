// Caps from Vulkan's properties and features: the only reader of those structs.
#include <algorithm>
#include <cstring>
#include <thread>

#include "gpu/instance.h"

namespace alv::gpu {
namespace {

// Of VK_KHR_cooperative_matrix, which the headers of Debian 12 do not know yet.
constexpr const char* kCooperativeMatrix = "VK_KHR_cooperative_matrix";

DeviceType device_type(VkPhysicalDeviceType type) {
    switch (type) {
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
            return DeviceType::kIntegrated;
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
            return DeviceType::kDiscrete;
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
            return DeviceType::kVirtual;
        case VK_PHYSICAL_DEVICE_TYPE_CPU:
            return DeviceType::kCpu;
        default:
            return DeviceType::kOther;
    }
}

struct Properties {
    VkPhysicalDeviceProperties2 core{};
    VkPhysicalDeviceVulkan11Properties vulkan11{};
    VkPhysicalDeviceVulkan12Properties vulkan12{};
    VkPhysicalDeviceSubgroupSizeControlProperties subgroup_size{};
    VkPhysicalDeviceShaderIntegerDotProductProperties integer_dot{};
};

void read_limits(const VkPhysicalDeviceProperties& p, Caps& caps) {
    const VkPhysicalDeviceLimits& l = p.limits;
    caps.max_storage_range_bytes = l.maxStorageBufferRange;
    caps.max_texel_elements = l.maxTexelBufferElements;
    caps.storage_offset_alignment = std::max<uint64_t>(1, l.minStorageBufferOffsetAlignment);
    caps.non_coherent_atom_bytes = std::max<uint64_t>(1, l.nonCoherentAtomSize);
    caps.max_workgroup_invocations = l.maxComputeWorkGroupInvocations;
    std::copy_n(l.maxComputeWorkGroupSize, 3, caps.max_workgroup_size.begin());
    std::copy_n(l.maxComputeWorkGroupCount, 3, caps.max_workgroup_count.begin());
    caps.shared_memory_bytes = l.maxComputeSharedMemorySize;
    caps.max_push_constant_bytes = l.maxPushConstantsSize;
    // One set, storage buffers only: the strictest of the limits on them.
    caps.max_storage_buffers_per_stage =
        std::min({l.maxPerStageDescriptorStorageBuffers, l.maxDescriptorSetStorageBuffers,
                  l.maxPerStageResources});
    caps.timestamp_period_ns = l.timestampPeriod;
    if (caps.type == DeviceType::kCpu) caps.cpu_threads = std::thread::hardware_concurrency();
}

void read_subgroups(const Properties& p, bool size_control, Caps& caps) {
    const VkSubgroupFeatureFlags operations = p.vulkan11.subgroupSupportedOperations;
    const bool compute = (p.vulkan11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
    const auto can = [&](VkSubgroupFeatureFlags f) { return compute && (operations & f) != 0; };
    caps.subgroup_size = std::max(1U, p.vulkan11.subgroupSize);
    caps.min_subgroup_size = caps.max_subgroup_size = caps.subgroup_size;
    caps.subgroup_basic = can(VK_SUBGROUP_FEATURE_BASIC_BIT);
    caps.subgroup_arithmetic = can(VK_SUBGROUP_FEATURE_ARITHMETIC_BIT);
    caps.subgroup_ballot = can(VK_SUBGROUP_FEATURE_BALLOT_BIT);
    caps.subgroup_shuffle = can(VK_SUBGROUP_FEATURE_SHUFFLE_BIT);
    if (size_control) {
        caps.min_subgroup_size = std::max(1U, p.subgroup_size.minSubgroupSize);
        caps.max_subgroup_size = std::max(caps.min_subgroup_size, p.subgroup_size.maxSubgroupSize);
    }
}

void read_features(const Features& f, bool size_control_in_compute, Caps& caps) {
    caps.timeline_semaphore = f.vulkan12.timelineSemaphore == VK_TRUE;
    caps.fp16 = f.vulkan12.shaderFloat16 == VK_TRUE;
    caps.int8 = f.vulkan12.shaderInt8 == VK_TRUE;
    caps.int16 = f.core.features.shaderInt16 == VK_TRUE;
    caps.int64 = f.core.features.shaderInt64 == VK_TRUE;
    caps.storage_16bit = f.vulkan11.storageBuffer16BitAccess == VK_TRUE;
    caps.storage_8bit = f.vulkan12.storageBuffer8BitAccess == VK_TRUE;
    caps.integer_dot = f.integer_dot.shaderIntegerDotProduct == VK_TRUE;
    caps.subgroup_size_control =
        f.subgroup_size.subgroupSizeControl == VK_TRUE && size_control_in_compute;
    caps.full_subgroups = f.subgroup_size.computeFullSubgroups == VK_TRUE;
    caps.pipeline_executable_properties = f.executables.pipelineExecutableInfo == VK_TRUE;
}

void read_memory(const VkPhysicalDeviceMemoryProperties& m, Caps& caps) {
    for (uint32_t i = 0; i < m.memoryHeapCount; ++i) {
        caps.heaps.push_back({m.memoryHeaps[i].size,
                              (m.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0});
    }
    constexpr VkMemoryPropertyFlags kSeen = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
                                            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                            VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    uint64_t largest_local = 0;
    uint64_t largest_seen = 0;
    for (uint32_t i = 0; i < m.memoryTypeCount; ++i) {
        const VkMemoryType& type = m.memoryTypes[i];
        caps.memory_types.push_back({type.heapIndex, type.propertyFlags});
        const uint64_t size = m.memoryHeaps[type.heapIndex].size;
        if ((type.propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0) {
            largest_local = std::max<uint64_t>(largest_local, size);
        }
        if ((type.propertyFlags & kSeen) == kSeen) {
            largest_seen = std::max<uint64_t>(largest_seen, size);
        }
    }
    // A discrete GPU with a resizable BAR is not unified: the host reaches it over the bus.
    const bool shares_memory =
        caps.type == DeviceType::kIntegrated || caps.type == DeviceType::kCpu;
    caps.unified_memory = shares_memory && largest_seen != 0 && largest_seen == largest_local;
}

}  // namespace

Caps Instance::query_caps(const DeviceView& device, const Features& features) const {
    Caps caps;
    Properties p;
    calls_.GetPhysicalDeviceProperties(device.handle, &p.core.properties);
    const VkPhysicalDeviceProperties& core = p.core.properties;
    const bool v12 = device.api_version >= VK_API_VERSION_1_2;
    const bool v13 = device.api_version >= VK_API_VERSION_1_3;
    if (v12) {
        p.core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
        p.vulkan11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES;
        p.vulkan12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES;
        p.subgroup_size.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
        p.integer_dot.sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES;
        p.core.pNext = &p.vulkan11;
        p.vulkan11.pNext = &p.vulkan12;
        void** tail = &p.vulkan12.pNext;
        if (v13 || has_extension(device.extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)) {
            *tail = &p.subgroup_size;
            tail = &p.subgroup_size.pNext;
        }
        if (v13 ||
            has_extension(device.extensions, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) {
            *tail = &p.integer_dot;
        }
        calls_.GetPhysicalDeviceProperties2(device.handle, &p.core);
    }

    caps.device_name = core.deviceName;
    caps.vendor_id = core.vendorID;
    caps.device_id = core.deviceID;
    caps.driver_version = core.driverVersion;
    caps.api_version = device.api_version;
    caps.type = device_type(core.deviceType);
    std::copy_n(core.pipelineCacheUUID, VK_UUID_SIZE, caps.pipeline_cache_uuid.begin());
    read_limits(core, caps);
    if (!v12) return caps;

    caps.driver_name = p.vulkan12.driverName;
    caps.driver_info = p.vulkan12.driverInfo;
    caps.driver_id = static_cast<uint32_t>(p.vulkan12.driverID);
    std::copy_n(p.vulkan11.deviceUUID, VK_UUID_SIZE, caps.device_uuid.begin());
    caps.max_allocation_bytes = p.vulkan11.maxMemoryAllocationSize;
    read_features(features,
                  (p.subgroup_size.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0,
                  caps);
    read_subgroups(p, caps.subgroup_size_control, caps);
    caps.integer_dot_accelerated =
        caps.integer_dot && p.integer_dot.integerDotProduct4x8BitPackedSignedAccelerated == VK_TRUE;
    caps.cooperative_matrix = has_extension(device.extensions, kCooperativeMatrix);
    caps.memory_budget = has_extension(device.extensions, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);

    VkPhysicalDeviceMemoryProperties2 memory{};
    memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
    calls_.GetPhysicalDeviceMemoryProperties2(device.handle, &memory);
    read_memory(memory.memoryProperties, caps);

    const auto families = queue_families(device.handle);
    if (device.queue_family < families.size()) {
        caps.timestamp_valid_bits = families[device.queue_family].timestampValidBits;
    }
    return caps;
}

}  // namespace alv::gpu
