// What a device can do: an immutable snapshot, taken once. plan.h decides by it, and tests feed
// plan with recorded snapshots of devices that are not there.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace alv::gpu {

enum class DeviceType : uint32_t {
    kOther = 0,
    kIntegrated = 1,
    kDiscrete = 2,
    kVirtual = 3,
    kCpu = 4
};

struct MemoryHeap {
    uint64_t size_bytes = 0;
    bool device_local = false;
};

struct MemoryType {
    uint32_t heap = 0;
    uint32_t flags = 0;  // VkMemoryPropertyFlags
};

struct Caps {
    std::string device_name;
    std::string driver_name;  // "llvmpipe", "radv", ...
    std::string driver_info;  // version text of the driver
    uint32_t vendor_id = 0;
    uint32_t device_id = 0;
    uint32_t driver_id = 0;  // VkDriverId
    uint32_t driver_version = 0;
    uint32_t api_version = 0;
    DeviceType type = DeviceType::kOther;
    std::array<uint8_t, 16> device_uuid{};
    std::array<uint8_t, 16> pipeline_cache_uuid{};

    // Limits.
    uint64_t max_storage_range_bytes = 0;
    uint64_t max_allocation_bytes = 0;
    uint32_t max_texel_elements = 0;  // of a texel buffer
    uint64_t storage_offset_alignment = 1;
    uint64_t non_coherent_atom_bytes = 1;
    uint32_t max_workgroup_invocations = 0;
    std::array<uint32_t, 3> max_workgroup_size{};
    std::array<uint32_t, 3> max_workgroup_count{};
    uint32_t shared_memory_bytes = 0;
    uint32_t max_push_constant_bytes = 0;
    uint32_t max_storage_buffers_per_stage = 0;
    uint32_t timestamp_valid_bits = 0;
    float timestamp_period_ns = 0;

    uint32_t cpu_threads = 0;  // hardware threads, where the device is the CPU; else 0

    // Subgroups (of the compute stage).
    uint32_t subgroup_size = 1;
    uint32_t min_subgroup_size = 1;
    uint32_t max_subgroup_size = 1;
    bool subgroup_size_control = false;
    bool full_subgroups = false;
    bool subgroup_basic = false;
    bool subgroup_arithmetic = false;
    bool subgroup_ballot = false;  // includes subgroupBroadcast
    bool subgroup_shuffle = false;

    // Features.
    bool timeline_semaphore = false;
    bool fp16 = false;
    bool int8 = false;
    bool int16 = false;
    bool int64 = false;
    bool storage_16bit = false;
    bool storage_8bit = false;
    bool integer_dot = false;
    bool integer_dot_accelerated = false;
    bool cooperative_matrix = false;
    bool memory_budget = false;
    bool pipeline_executable_properties = false;

    std::vector<MemoryHeap> heaps;
    std::vector<MemoryType> memory_types;
    bool unified_memory = false;  // iGPU or CPU, and the host can map all of its memory
};

}  // namespace alv::gpu
