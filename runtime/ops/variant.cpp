#include "ops/variant.h"

#include <algorithm>
#include <utility>

namespace alv::ops {

gpu::KernelKey first_trusted(const gpu::Plan& plan, std::vector<gpu::KernelKey> variants) {
    for (gpu::KernelKey& key : variants) {
        if (plan.trusts(key)) return std::move(key);
    }
    return std::move(variants.front());
}

std::vector<gpu::KernelKey> lane_variants(const gpu::KernelKey& key) {
    // Both are multiples of a group of lanes, and every device has workgroups of 64.
    std::vector<gpu::KernelKey> variants(2, key);
    uint32_t& lanes = variants[1].constants[0];
    lanes = lanes >= 64 ? lanes / 2 : lanes * 2;
    return variants;
}

gpu::KernelKey any_lanes(const gpu::Plan& plan, const gpu::KernelKey& key) {
    return first_trusted(plan, lane_variants(key));
}

}  // namespace alv::ops
