// Reads from SPIR-V what this layer needs to know of a shader, so that C++ does not repeat it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "gpu/kernel.h"

namespace alv::gpu {

// One component of the workgroup size: a literal, or the specialization constant that sets it.
struct WorkgroupExtent {
    uint32_t value = 1;  // the default where `spec_id` is one
    uint32_t spec_id = UINT32_MAX;
};

struct Reflection {
    KernelInterface interface;
    std::array<bool, 16> binding_present{};
    std::array<WorkgroupExtent, 3> workgroup;
    std::vector<uint32_t> capabilities;  // SpvCapability
};

// Compute shaders with storage buffers and texel buffers (of four components) in set 0 only;
// anything else is `unsupported`. Words that
// are no SPIR-V at all are an error too, never a crash.
Result<Reflection> reflect(std::span<const uint32_t> words);

}  // namespace alv::gpu
