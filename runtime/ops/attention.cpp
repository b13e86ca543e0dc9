#include "ops/attention.h"

#include <algorithm>

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

bool attends_by_subgroup(const gpu::Plan& plan, const AttentionShape& shape) {
    return plan.share_x && plan.row_lanes == shared::kGroupLanes && shape.head_dim % 64 == 0;
}

uint32_t attention_rows(const gpu::Plan& plan, const AttentionShape& shape, uint32_t max_tokens,
                        uint32_t kept) {
    // A row takes head_dim / 8 sums of each lane.
    const uint32_t most = std::max(1u, plan.attention_sums * shared::kGroupLanes / shape.head_dim);
    return std::min({most, shape.n_heads / shape.n_kv_heads * max_tokens, kept});
}

gpu::KernelKey attention_key(const gpu::Plan& plan, const AttentionShape& shape,
                             uint32_t max_tokens) {
    const auto rows = [&](uint32_t kept) { return attention_rows(plan, shape, max_tokens, kept); };
    auto variants = lane_variants({"attention", {plan.row_lanes, rows(4), shape.head_dim}});
    if (attends_by_subgroup(plan, shape)) {
        variants.insert(variants.begin(), {"attention_subgroup",
                                           {plan.row_lanes, rows(kSubgroupRows), shape.head_dim}});
    }
    return first_trusted(plan, std::move(variants));
}

Status record_attention(gpu::Device& device, gpu::Recorder& recorder, const AttentionArgs& args,
                        const StepRows& rows) {
    const AttentionShape& shape = args.shape;
    if (shape.head_dim == 0 || shape.head_dim % 32 != 0 || shape.head_dim > 256) {
        return invalid_argument("attention: head_dim must be a multiple of 32, at most 256");
    }
    if (shape.n_kv_heads == 0 || shape.n_heads % shape.n_kv_heads != 0) {
        return invalid_argument("attention: n_heads must be a multiple of n_kv_heads");
    }
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel,
                         device.kernel(args.kernel != nullptr
                                           ? *args.kernel
                                           : attention_key(device.plan(), shape, rows.max_tokens)));
    const uint32_t rows_each = kernel->key().constants[1];
    const uint32_t all_rows = shape.n_heads / shape.n_kv_heads * rows.max_tokens;
    const shared::AttentionPush push{shape.n_heads, shape.n_kv_heads,
                                     (shape.n_heads + 2 * shape.n_kv_heads) * shape.head_dim,
                                     args.window};
    recorder.dispatch(
        kernel, {args.qkv, args.k_cache, args.v_cache, args.out, args.step, args.pages}, push,
        shape.n_kv_heads, static_cast<uint32_t>(div_up(all_rows, rows_each)), rows.n_sequences);
    return ok_status();
}

}  // namespace alv::ops
