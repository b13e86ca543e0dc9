#include "gpu/choose_device.h"

#include <algorithm>

namespace alv::gpu {
namespace {

int rank(DeviceType type) {
    switch (type) {
        case DeviceType::kDiscrete:
            return 0;
        case DeviceType::kIntegrated:
            return 1;
        case DeviceType::kVirtual:
            return 2;
        case DeviceType::kOther:
            return 3;
        case DeviceType::kCpu:
            return 4;
    }
    return 5;
}

std::string list_names(const std::vector<FoundDevice>& devices) {
    std::string text;
    for (const FoundDevice& found : devices) {
        text += text.empty() ? "" : "; ";
        text += found.info.caps.device_name;
        if (!found.info.usable) text += " (" + found.info.refusal + ")";
    }
    return text.empty() ? "none" : text;
}

bool matches(const FoundDevice& found, const DeviceOptions& options) {
    if (options.uuid && found.info.caps.device_uuid != *options.uuid) return false;
    return options.name_contains.empty() ||
           found.info.caps.device_name.find(options.name_contains) != std::string::npos;
}

}  // namespace

std::string refusal_of(const Caps& caps, uint32_t queue_family) {
    if (queue_family == UINT32_MAX) return "it has no queue for compute work";
    return make_plan(caps).status().message();
}

Result<std::vector<FoundDevice>> find_devices(const Instance& instance, const Log& log) {
    ALV_ASSIGN_OR_RETURN(const std::vector<VkPhysicalDevice> handles, instance.physical_devices());
    std::vector<FoundDevice> devices;
    for (const VkPhysicalDevice handle : handles) {
        auto view = instance.look_at(handle);
        if (!view.ok()) {
            // One broken driver must not hide the others, unless it is the only one.
            log.write(LogLevel::kWarning,
                      "a Vulkan device is left out: " + view.status().message());
            if (handles.size() == 1) return view.status();
            continue;
        }
        FoundDevice found;
        found.view = std::move(*view);
        Features features;
        if (found.view.api_version >= VK_API_VERSION_1_2) {
            instance.query_features(found.view, features);
        }
        found.info.caps = instance.query_caps(found.view, features);
        found.info.refusal = refusal_of(found.info.caps, found.view.queue_family);
        found.info.usable = found.info.refusal.empty();
        devices.push_back(std::move(found));
    }
    std::stable_sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) {
        return rank(a.info.caps.type) < rank(b.info.caps.type);
    });
    return devices;
}

Result<const FoundDevice*> choose_device(const std::vector<FoundDevice>& devices,
                                         const DeviceOptions& options) {
    const FoundDevice* refused = nullptr;
    for (const FoundDevice& found : devices) {
        if (!matches(found, options)) continue;
        if (found.info.usable) return &found;
        if (refused == nullptr) refused = &found;
    }
    if (refused != nullptr) {
        return unsupported(refused->info.caps.device_name + ": " + refused->info.refusal);
    }
    if (devices.empty()) {
        return unsupported(
            "Vulkan is there but no device: install a driver for the GPU, or for the "
            "CPU (Debian: apt-get install mesa-vulkan-drivers)");
    }
    return not_found("no device is like that; there are: " + list_names(devices));
}

Result<std::vector<DeviceInfo>> enumerate_devices(const Log& log, const std::string& loader_path) {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<Instance> instance,
                         Instance::create(loader_path, {}, false));
    ALV_ASSIGN_OR_RETURN(std::vector<FoundDevice> found, find_devices(*instance, log));
    std::vector<DeviceInfo> devices;
    devices.reserve(found.size());
    for (FoundDevice& device : found) devices.push_back(std::move(device.info));
    return devices;
}

}  // namespace alv::gpu
