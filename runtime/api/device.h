// Devices as the ABI tells them.
#pragma once

#include <string>

#include "alviss/device.h"
#include "gpu/caps.h"

namespace alv::api {

// The strings that an alv_device_info points to, and the rest of it.
struct DeviceText {
    std::string name;
    std::string driver;
    std::string refusal;
    std::string tier;
    alv_device_info info = ALV_DEVICE_INFO_INIT;

    DeviceText(const gpu::Caps& caps, std::string why_not);
    DeviceText(const DeviceText&) = delete;
    DeviceText& operator=(const DeviceText&) = delete;
};

}  // namespace alv::api
