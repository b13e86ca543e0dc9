// The driver's pipeline cache as a blob that a host keeps between runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/caps.h"

namespace alv::gpu {

// What the driver gave, behind a header of ours: magic, version, size, hash, device, driver.
std::vector<uint8_t> wrap_pipeline_cache(const Caps& caps, std::span<const uint8_t> data);

// The driver's part, or nothing where the blob is not for exactly this device and driver or was
// changed: drivers are known to crash on what they did not write.
std::span<const uint8_t> unwrap_pipeline_cache(const Caps& caps, std::span<const uint8_t> blob);

}  // namespace alv::gpu
