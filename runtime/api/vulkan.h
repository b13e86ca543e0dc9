// From the host's struct to the device layer's.
#pragma once

#include "base/status.h"
#include "gpu/device.h"

struct alv_vulkan_device;

namespace alv::api {

Result<gpu::BorrowedDevice> read_vulkan_device(const alv_vulkan_device* device);

}  // namespace alv::api
