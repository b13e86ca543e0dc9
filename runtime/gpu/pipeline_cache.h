// The driver's pipeline cache as a blob that a host keeps between runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/caps.h"

namespace alv::gpu {

struct CacheParts {
    std::span<const uint8_t> checks;  // of pack_checks()
    std::span<const uint8_t> driver;  // what the driver gave
};

// Both behind a header of ours: magic, version, sizes, hash, device, driver.
std::vector<uint8_t> wrap_pipeline_cache(const Caps& caps, const CacheParts& parts);

// What was wrapped, or nothing where the blob is not for exactly this device and driver or was
// changed: drivers are known to crash on what they did not write.
CacheParts unwrap_pipeline_cache(const Caps& caps, std::span<const uint8_t> blob);

// FNV-1a, 64 bits; finds damage, not forgery.
uint64_t hash_bytes(std::span<const uint8_t> bytes);

}  // namespace alv::gpu
