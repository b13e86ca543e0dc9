// Caps as JSON: snapshots of devices, in tests/gpu/caps.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "gpu/caps.h"

namespace alv::gpu {

// Visits every field by its name, so that reading and writing cannot drift apart.
template <typename AnyCaps, typename Visit>
void visit_caps(AnyCaps& c, const Visit& visit) {
    visit("device_name", c.device_name);
    visit("driver_name", c.driver_name);
    visit("driver_info", c.driver_info);
    visit("vendor_id", c.vendor_id);
    visit("device_id", c.device_id);
    visit("driver_id", c.driver_id);
    visit("driver_version", c.driver_version);
    visit("api_version", c.api_version);
    visit("max_storage_range_bytes", c.max_storage_range_bytes);
    visit("max_allocation_bytes", c.max_allocation_bytes);
    visit("max_texel_elements", c.max_texel_elements);
    visit("storage_offset_alignment", c.storage_offset_alignment);
    visit("non_coherent_atom_bytes", c.non_coherent_atom_bytes);
    visit("max_workgroup_invocations", c.max_workgroup_invocations);
    visit("max_workgroup_size", c.max_workgroup_size);
    visit("max_workgroup_count", c.max_workgroup_count);
    visit("shared_memory_bytes", c.shared_memory_bytes);
    visit("max_push_constant_bytes", c.max_push_constant_bytes);
    visit("max_storage_buffers_per_stage", c.max_storage_buffers_per_stage);
    visit("timestamp_valid_bits", c.timestamp_valid_bits);
    visit("timestamp_period_ns", c.timestamp_period_ns);
    visit("cpu_threads", c.cpu_threads);
    visit("subgroup_size", c.subgroup_size);
    visit("min_subgroup_size", c.min_subgroup_size);
    visit("max_subgroup_size", c.max_subgroup_size);
    visit("subgroup_size_control", c.subgroup_size_control);
    visit("full_subgroups", c.full_subgroups);
    visit("subgroup_basic", c.subgroup_basic);
    visit("subgroup_arithmetic", c.subgroup_arithmetic);
    visit("subgroup_ballot", c.subgroup_ballot);
    visit("subgroup_shuffle", c.subgroup_shuffle);
    visit("timeline_semaphore", c.timeline_semaphore);
    visit("fp16", c.fp16);
    visit("int8", c.int8);
    visit("int16", c.int16);
    visit("int64", c.int64);
    visit("storage_16bit", c.storage_16bit);
    visit("storage_8bit", c.storage_8bit);
    visit("integer_dot", c.integer_dot);
    visit("integer_dot_accelerated", c.integer_dot_accelerated);
    visit("cooperative_matrix", c.cooperative_matrix);
    visit("memory_budget", c.memory_budget);
    visit("pipeline_executable_properties", c.pipeline_executable_properties);
    visit("unified_memory", c.unified_memory);
}

inline nlohmann::ordered_json caps_to_json(const Caps& caps) {
    nlohmann::ordered_json json;
    visit_caps(caps, [&](const char* name, const auto& field) { json[name] = field; });
    json["type"] = static_cast<uint32_t>(caps.type);
    json["heaps"] = nlohmann::json::array();
    for (const MemoryHeap& heap : caps.heaps) {
        json["heaps"].push_back(
            {{"size_bytes", heap.size_bytes}, {"device_local", heap.device_local}});
    }
    json["memory_types"] = nlohmann::json::array();
    for (const MemoryType& type : caps.memory_types) {
        json["memory_types"].push_back({{"heap", type.heap}, {"flags", type.flags}});
    }
    return json;
}

// Throws on a field that is missing or of another type: a snapshot is complete or no snapshot.
inline Caps caps_from_json(const nlohmann::json& json) {
    Caps caps;
    visit_caps(caps, [&](const char* name, auto& field) { json.at(name).get_to(field); });
    caps.type = static_cast<DeviceType>(json.at("type").get<uint32_t>());
    for (const auto& heap : json.at("heaps")) {
        caps.heaps.push_back(
            {heap.at("size_bytes").get<uint64_t>(), heap.at("device_local").get<bool>()});
    }
    for (const auto& type : json.at("memory_types")) {
        caps.memory_types.push_back(
            {type.at("heap").get<uint32_t>(), type.at("flags").get<uint32_t>()});
    }
    return caps;
}

}  // namespace alv::gpu
