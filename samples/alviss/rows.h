// What several subcommands show: devices and memory plans, as text and as JSON.
#pragma once

#include <alviss/alviss.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace tool {

// Valid as long as the list.
std::vector<alv_device_info> infos_of(const alv_device_list* list);
nlohmann::ordered_json to_json(const alv_device_info& device);
void print(uint32_t index, const alv_device_info& device);

nlohmann::ordered_json to_json(const alv_memory_plan& plan);
void print(const alv_memory_plan& plan);

}  // namespace tool
