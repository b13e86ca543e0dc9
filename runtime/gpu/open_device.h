// A Context on a device of our own or of the host.
#pragma once

#include <memory>

#include "gpu/context.h"
#include "gpu/device.h"

namespace alv::gpu {

Result<std::shared_ptr<Context>> open_own_device(const DeviceOptions& options,
                                                 std::shared_ptr<const Log> log);
Result<std::shared_ptr<Context>> open_borrowed_device(const DeviceOptions& options,
                                                      std::shared_ptr<const Log> log);

}  // namespace alv::gpu
