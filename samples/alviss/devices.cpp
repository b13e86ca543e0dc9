// alviss devices: what is there, and why it can't be used if it can't.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"
#include "rows.h"

namespace tool {
namespace {

struct Feature {
    uint32_t bit;
    const char* name;
};
constexpr Feature kFeatures[] = {
    {ALV_DEVICE_FEATURE_FP16, "fp16"},
    {ALV_DEVICE_FEATURE_INT8, "int8"},
    {ALV_DEVICE_FEATURE_STORAGE_16BIT, "storage16"},
    {ALV_DEVICE_FEATURE_STORAGE_8BIT, "storage8"},
    {ALV_DEVICE_FEATURE_INTEGER_DOT, "integer dot"},
    {ALV_DEVICE_FEATURE_COOPERATIVE_MATRIX, "cooperative matrix"},
    {ALV_DEVICE_FEATURE_SUBGROUP, "subgroup"},
    {ALV_DEVICE_FEATURE_UNIFIED_MEMORY, "unified memory"},
};

}  // namespace

nlohmann::ordered_json to_json(const alv_device_info& device) {
    auto features = nlohmann::ordered_json::array();
    for (const Feature& feature : kFeatures) {
        if (device.features & feature.bit) features.push_back(feature.name);
    }
    char uuid[33] = "";
    for (size_t i = 0; i < 16; ++i) std::snprintf(uuid + 2 * i, 3, "%02x", device.uuid[i]);
    return {
        {"name", view(device.name)},
        {"driver", view(device.driver)},
        {"type", device_type_name(device.type)},
        {"usable", device.usable != 0},
        {"refusal", view(device.refusal)},
        {"tier", view(device.tier)},
        {"uuid", uuid},
        {"vendor_id", device.vendor_id},
        {"device_id", device.device_id},
        {"memory_bytes", device.memory_bytes},
        {"max_binding_bytes", device.max_binding_bytes},
        {"subgroup_size", device.subgroup_size},
        {"features", features},
    };
}

void print(uint32_t index, const alv_device_info& device) {
    const auto text = [](alv_string s) { return std::string(view(s)); };
    std::printf("%u: %s (%s)\n", index, text(device.name).c_str(), device_type_name(device.type));
    std::printf("   driver: %s, Vulkan %u.%u\n", text(device.driver).c_str(),
                (device.api_version >> 22) & 0x7f, (device.api_version >> 12) & 0x3ff);
    std::printf("   memory: %s\n", human_bytes(device.memory_bytes).c_str());
    std::printf("   %s: %s\n", device.usable ? "usable, kernels" : "not usable",
                text(device.usable ? device.tier : device.refusal).c_str());
}

std::vector<alv_device_info> infos_of(const alv_device_list* list) {
    std::vector<alv_device_info> infos;
    for (uint32_t i = 0; i < alv_device_list_count(list); ++i) {
        alv_device_info device = ALV_DEVICE_INFO_INIT;
        call(alv_device_list_get, list, i, &device);
        infos.push_back(device);
    }
    return infos;
}

namespace {

void devices(bool is_json) {
    const auto list = make<alv_device_list>(alv_device_list_create);
    auto all = nlohmann::ordered_json::array();
    const std::vector<alv_device_info> infos = infos_of(list.get());
    for (uint32_t i = 0; i < infos.size(); ++i) {
        if (is_json) {
            all.push_back(to_json(infos[i]));
        } else {
            print(i, infos[i]);
        }
    }
    if (is_json) std::puts(nlohmann::ordered_json{{"devices", all}}.dump().c_str());
}

}  // namespace

void add_devices(CLI::App& app) {
    CLI::App* command = app.add_subcommand("devices", "Lists the Vulkan devices of this machine");
    auto is_json = std::make_shared<bool>(false);
    command->add_flag("--json", *is_json, "As JSON");
    command->callback([is_json] { devices(*is_json); });
}

}  // namespace tool
