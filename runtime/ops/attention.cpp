#include "ops/attention.h"

#include <algorithm>

#include "base/checked.h"
#include "shared.h"

namespace alv::ops {

uint32_t attention_rows(uint32_t heads_per_kv_head, uint32_t head_dim, uint32_t max_tokens) {
    // Running sums take rows * head_dim / 8 registers a lane: few rows where heads are wide.
    const uint32_t most = std::max(1u, 512u / head_dim);
    return std::min({most, heads_per_kv_head * max_tokens, 4u});
}

gpu::KernelKey attention_key(const gpu::Plan& plan, uint32_t rows, uint32_t head_dim) {
    return {"attention", {plan.row_lanes, rows, head_dim}};
}

Status record_attention(gpu::Device& device, gpu::Recorder& recorder, const AttentionArgs& args,
                        uint32_t max_tokens) {
    if (args.head_dim == 0 || args.head_dim % 32 != 0 || args.head_dim > 256) {
        return invalid_argument("attention: head_dim must be a multiple of 32, at most 256");
    }
    if (args.n_kv_heads == 0 || args.n_heads % args.n_kv_heads != 0) {
        return invalid_argument("attention: n_heads must be a multiple of n_kv_heads");
    }
    const uint32_t heads_each = args.n_heads / args.n_kv_heads;
    const uint32_t rows = attention_rows(heads_each, args.head_dim, max_tokens);
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel,
                         device.kernel(attention_key(device.plan(), rows, args.head_dim)));
    const shared::AttentionPush push{args.n_heads, args.n_kv_heads,
                                     (args.n_heads + 2 * args.n_kv_heads) * args.head_dim,
                                     args.window};
    recorder.dispatch(
        kernel, {args.qkv, args.k_cache, args.v_cache, args.out, args.step, args.pages}, push,
        args.n_kv_heads, static_cast<uint32_t>(div_up(max_tokens * heads_each, rows)));
    return ok_status();
}

}  // namespace alv::ops
