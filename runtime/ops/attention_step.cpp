#include "ops/attention_step.h"

#include "base/checked.h"
#include "shared.h"

namespace alv::ops {

// By halves a lane must hold both of a pair: they are rope_dim / 2 dimensions apart.
bool has_attention_step(const gpu::Plan& plan, const AttentionShape& shape, uint32_t rope_dim,
                        bool halves) {
    return attends_by_subgroup(plan, shape) && rope_dim % (halves ? 64 : 4) == 0 &&
           plan.trusts(attention_step_key(plan, shape, rope_dim, halves));
}

gpu::KernelKey attention_step_key(const gpu::Plan& plan, const AttentionShape& shape,
                                  uint32_t rope_dim, bool halves) {
    return {"attention_step",
            {plan.row_lanes, attention_rows(plan, shape, 1, kSubgroupRows), shape.head_dim,
             rope_dim, halves ? 1u : 0u}};
}

Status record_attention_step(gpu::Device& device, gpu::Recorder& recorder,
                             const AttentionStepArgs& args, const StepRows& step_rows) {
    const RopeArgs& rope = args.rope;
    const AttentionShape shape{rope.n_heads, rope.n_kv_heads, rope.head_dim};
    if (!has_attention_step(device.plan(), shape, rope.rope_dim, rope.halves)) {
        return unsupported("attention_step: no kernel for this device or these heads");
    }
    ALV_ASSIGN_OR_RETURN(
        const gpu::Kernel* kernel,
        device.kernel(attention_step_key(device.plan(), shape, rope.rope_dim, rope.halves)));
    shared::AttentionStepPush push{};
    push.n_heads = rope.n_heads;
    push.n_kv_heads = rope.n_kv_heads;
    push.window = args.window;
    push.flags = rope.qk_norm ? shared::kRopeQkNorm : 0;
    push.q_scale = rope.q_scale;
    push.epsilon = rope.epsilon;
    const auto groups_y =
        static_cast<uint32_t>(div_up(shape.n_heads / shape.n_kv_heads, kernel->key().constants[1]));
    const auto dispatch = [&](uint32_t more_flags, uint32_t y) {
        shared::AttentionStepPush with = push;
        with.flags |= more_flags;
        recorder.dispatch(kernel,
                          {rope.qkv, rope.k_cache, rope.v_cache, args.out, rope.step, rope.pages,
                           rope.angles, rope.qk_norm ? rope.qk_gain : rope.step},
                          with, shape.n_kv_heads, y, step_rows.n_sequences);
    };
    if (step_rows.follow) dispatch(shared::kStepStoreOnly, 1);
    dispatch(step_rows.follow ? shared::kStepIsStored : 0, groups_y);
    return ok_status();
}

}  // namespace alv::ops
