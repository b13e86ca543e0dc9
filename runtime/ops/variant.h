// Which variant of a kernel a device uses: the first that is not in quarantine.
#pragma once

#include <string>
#include <vector>

#include "gpu/device.h"

namespace alv::ops {

// Of `variants`, the best first. Where none is trusted, the first: Device::kernel() then says why
// it is not given out.
gpu::KernelKey first_trusted(const gpu::Plan& plan, std::vector<gpu::KernelKey> variants);

// Kernels of which only constants[0], the invocations of a workgroup, may vary: those of the plan,
// then another count.
std::vector<gpu::KernelKey> lane_variants(const gpu::KernelKey& key);
gpu::KernelKey any_lanes(const gpu::Plan& plan, const gpu::KernelKey& key);

}  // namespace alv::ops
