#include "gpu/result.h"

#include <array>
#include <cstdio>

namespace alv::gpu {
namespace {

struct Row {
    VkResult result;
    std::string_view name;
    Code code;
    std::string_view advice;
};

constexpr std::array kRows{
    Row{VK_ERROR_OUT_OF_HOST_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY", Code::kOutOfHostMemory,
        "the driver found no host memory: free some and try again"},
    Row{VK_ERROR_OUT_OF_DEVICE_MEMORY, "VK_ERROR_OUT_OF_DEVICE_MEMORY", Code::kOutOfDeviceMemory,
        "the device has no memory left: use a smaller model or context, or close other programs"},
    Row{VK_ERROR_DEVICE_LOST, "VK_ERROR_DEVICE_LOST", Code::kDeviceLost,
        "the device was lost (driver reset, removed, or hung): create a new one and load again"},
    Row{VK_ERROR_INITIALIZATION_FAILED, "VK_ERROR_INITIALIZATION_FAILED", Code::kUnsupported,
        "the driver did not start: update or reinstall it"},
    Row{VK_ERROR_INCOMPATIBLE_DRIVER, "VK_ERROR_INCOMPATIBLE_DRIVER", Code::kUnsupported,
        "no Vulkan driver is installed that fits: install one (GPUs of AMD and Intel, and the CPU: "
        "mesa-vulkan-drivers; NVIDIA: its own driver)"},
    Row{VK_ERROR_FEATURE_NOT_PRESENT, "VK_ERROR_FEATURE_NOT_PRESENT", Code::kUnsupported,
        "the driver refused a feature that it had offered: update it"},
    Row{VK_ERROR_EXTENSION_NOT_PRESENT, "VK_ERROR_EXTENSION_NOT_PRESENT", Code::kUnsupported,
        "the driver refused an extension that it had offered: update it"},
    Row{VK_ERROR_LAYER_NOT_PRESENT, "VK_ERROR_LAYER_NOT_PRESENT", Code::kUnsupported,
        "a Vulkan layer that the environment asks for is not installed"},
    Row{VK_ERROR_TOO_MANY_OBJECTS, "VK_ERROR_TOO_MANY_OBJECTS", Code::kLimitExceeded,
        "the driver allows no more objects of this kind: close other programs or sessions"},
    Row{VK_ERROR_MEMORY_MAP_FAILED, "VK_ERROR_MEMORY_MAP_FAILED", Code::kOutOfHostMemory,
        "device memory could not be mapped: no address space left"},
    Row{VK_ERROR_FRAGMENTED_POOL, "VK_ERROR_FRAGMENTED_POOL", Code::kOutOfDeviceMemory,
        "the driver's descriptor pool is fragmented"},
    Row{VK_ERROR_OUT_OF_POOL_MEMORY, "VK_ERROR_OUT_OF_POOL_MEMORY", Code::kOutOfDeviceMemory,
        "the driver's descriptor pool is full"},
};

const Row* find_row(VkResult result) {
    for (const Row& row : kRows) {
        if (row.result == result) return &row;
    }
    return nullptr;
}

}  // namespace

std::string_view result_name(VkResult result) {
    const Row* const row = find_row(result);
    return row != nullptr ? row->name : "an unknown VkResult";
}

Status status_of(VkResult result, std::string_view what) {
    std::string message(what);
    if (const Row* const row = find_row(result)) {
        message += ": ";
        message += row->advice;
        message += " (";
        message += row->name;
        message += ")";
        return {row->code, std::move(message)};
    }
    message += " failed with VkResult " + std::to_string(static_cast<int32_t>(result)) +
               ": report this with the driver's version";
    return {Code::kInternal, std::move(message)};
}

std::string format_bytes(uint64_t bytes) {
    constexpr double kMib = 1024.0 * 1024.0;
    std::array<char, 32> text{};
    if (bytes < 1024) {
        std::snprintf(text.data(), text.size(), "%u bytes", static_cast<unsigned>(bytes));
    } else if (bytes < 1024 * 1024) {
        std::snprintf(text.data(), text.size(), "%.1f KiB", static_cast<double>(bytes) / 1024.0);
    } else {
        std::snprintf(text.data(), text.size(), "%.1f MiB", static_cast<double>(bytes) / kMib);
    }
    return text.data();
}

}  // namespace alv::gpu
