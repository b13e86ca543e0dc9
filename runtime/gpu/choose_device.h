// Enumeration, and which device an application gets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "gpu/instance.h"

namespace alv::gpu {

struct FoundDevice {
    DeviceView view;
    DeviceInfo info;
};

// In order of preference.
Result<std::vector<FoundDevice>> find_devices(const Instance& instance, const Log& log);

// By uuid, by a part of the name, else the first usable; why there is none otherwise.
Result<const FoundDevice*> choose_device(const std::vector<FoundDevice>& devices,
                                         const DeviceOptions& options);

// Why this library cannot use a device, "" if it can. Says what would help.
std::string refusal_of(const Caps& caps, uint32_t queue_family);

}  // namespace alv::gpu
