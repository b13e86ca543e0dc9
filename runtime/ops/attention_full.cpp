#include "ops/attention_full.h"

#include <algorithm>

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

namespace {

// Tokens that a group of lanes takes: few where heads are wide, as each costs registers.
uint32_t rows_of(uint32_t head_dim) {
    return std::max(1u, 128 / head_dim);
}

}  // namespace

gpu::KernelKey attention_full_key(const gpu::Plan& plan, uint32_t head_dim) {
    return any_lanes(plan, {"attention_full", {plan.row_lanes, rows_of(head_dim), head_dim}});
}

Status record_attention_full(gpu::Device& device, gpu::Recorder& recorder,
                             const AttentionFullArgs& args, uint32_t max_tokens) {
    if (args.head_dim == 0 || args.head_dim % 32 != 0 || args.head_dim > 128) {
        return invalid_argument("attention_full: head_dim must be a multiple of 32, at most 128");
    }
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel,
                         device.kernel(attention_full_key(device.plan(), args.head_dim)));
    const shared::AttentionFullPush push{args.n_heads, args.scale};
    const uint32_t rows = kernel->key().constants[0] / shared::kGroupLanes * rows_of(args.head_dim);
    recorder.dispatch(kernel, {args.qkv, args.places, args.out, args.step}, push, args.n_heads,
                      static_cast<uint32_t>(div_up(max_tokens, rows)));
    return ok_status();
}

}  // namespace alv::ops
