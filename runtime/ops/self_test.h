// Known-answer tests: a kernel proves itself on this device and driver before a model trusts it.
// Each runs on a small fixed input, and its answer is compared with a host reference. What comes
// out is in gpu::Device::checks(), and with it in the pipeline cache: the next run tests nothing.
//
// A wrong answer puts the kernel into quarantine. Then the keys of ops name the next variant
// (variant.h): matmul_share_* -> matmul_*, attention_subgroup -> attention, attention_step -> rope
// and attention, and in the end the same kernel with workgroups of another size.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

// Asked again after a kernel has failed: then it names others.
using KernelKeys = std::function<std::vector<gpu::KernelKey>()>;
// Called between units of work, with work done so far; false cancels. May be empty.
using KernelProgress = std::function<bool(size_t done, size_t total)>;

// Makes the pipelines of keys() and tests those that were never tested, until all of them passed.
// Errors: unsupported (names a kernel that failed and has no other variant), cancelled, those of
// the device.
Status prepare_kernels(gpu::Device& device, const KernelKeys& keys, const KernelProgress& progress);

// The same for all that the plan offers to models of common shapes; kernels without a variant that
// passes are not an error, but told by gpu::Device::checks().
Status test_all_kernels(gpu::Device& device);

// Whether there is a test for kernels of this shader.
bool has_self_test(std::string_view shader);

// Which variant of each operation the plan names, and why.
std::vector<gpu::PlanChoice> describe_variants(const gpu::Plan& plan);

}  // namespace alv::ops
