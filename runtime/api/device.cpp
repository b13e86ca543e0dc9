#include "api/device.h"

#include <cstring>
#include <memory>
#include <vector>

#include "api/versioned.h"
#include "base/utf8.h"
#include "gpu/device.h"

struct alv_device_list {
    std::vector<std::unique_ptr<alv::api::DeviceText>> devices;
};

namespace alv::api {
namespace {

uint32_t feature_bits(const gpu::Caps& caps) {
    const std::pair<bool, uint32_t> table[] = {
        {caps.fp16, ALV_DEVICE_FEATURE_FP16},
        {caps.int8, ALV_DEVICE_FEATURE_INT8},
        {caps.storage_16bit, ALV_DEVICE_FEATURE_STORAGE_16BIT},
        {caps.storage_8bit, ALV_DEVICE_FEATURE_STORAGE_8BIT},
        {caps.integer_dot_accelerated, ALV_DEVICE_FEATURE_INTEGER_DOT},
        {caps.cooperative_matrix, ALV_DEVICE_FEATURE_COOPERATIVE_MATRIX},
        {caps.subgroup_arithmetic, ALV_DEVICE_FEATURE_SUBGROUP},
        {caps.unified_memory, ALV_DEVICE_FEATURE_UNIFIED_MEMORY},
    };
    uint32_t bits = 0;
    for (const auto& [has, bit] : table) {
        if (has) bits |= bit;
    }
    return bits;
}

}  // namespace

DeviceText::DeviceText(const gpu::Caps& caps, std::string why_not)
    : name(utf8::replace_invalid(caps.device_name)),
      driver(utf8::replace_invalid(caps.driver_name + " " + caps.driver_info)),
      refusal(std::move(why_not)) {
    info.usable = refusal.empty() ? 1 : 0;
    if (info.usable) {
        const Result<gpu::Plan> plan = gpu::make_plan(caps);
        if (plan.ok()) tier = plan->tier;
    }
    info.type = static_cast<uint32_t>(caps.type);
    info.features = feature_bits(caps);
    info.vendor_id = caps.vendor_id;
    info.device_id = caps.device_id;
    info.api_version = caps.api_version;
    info.subgroup_size = caps.subgroup_size;
    std::memcpy(info.uuid, caps.device_uuid.data(), sizeof info.uuid);
    for (const gpu::MemoryHeap& heap : caps.heaps) {
        if (heap.device_local) info.memory_bytes += heap.size_bytes;
    }
    info.max_binding_bytes = caps.max_storage_range_bytes;
    info.name = view_of(name);
    info.driver = view_of(driver);
    info.refusal = view_of(refusal);
    info.tier = view_of(tier);
}

}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_device_info_init(alv_device_info* out_info, uint32_t struct_size) {
    const alv_device_info defaults = ALV_DEVICE_INFO_INIT;
    init_struct(out_info, struct_size, defaults);
}

alv_status alv_device_list_create(alv_device_list** out_list, alv_error** out_error) {
    if (out_list) *out_list = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(out_list);
        ALV_ASSIGN_OR_RETURN(const std::vector<gpu::DeviceInfo> found,
                             gpu::enumerate_devices(Log()));
        auto list = std::make_unique<alv_device_list>();
        for (const gpu::DeviceInfo& device : found) {
            std::string refusal = device.refusal;
            if (!device.usable && refusal.empty()) refusal = "not usable";
            list->devices.push_back(std::make_unique<DeviceText>(device.caps, std::move(refusal)));
        }
        *out_list = list.release();
        return ok_status();
    });
}

uint32_t alv_device_list_count(const alv_device_list* list) {
    return list ? static_cast<uint32_t>(list->devices.size()) : 0;
}

alv_status alv_device_list_get(const alv_device_list* list, uint32_t index,
                               alv_device_info* out_info, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(list);
        ALV_REQUIRE(out_info);
        if (index >= list->devices.size()) {
            return not_found("there is no device " + std::to_string(index) + ": the list has " +
                             std::to_string(list->devices.size()));
        }
        return fill_struct(out_info, list->devices[index]->info, "alv_device_info");
    });
}

void alv_device_list_release(alv_device_list* list) {
    delete list;
}
