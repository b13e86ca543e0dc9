#include "ops/rope.h"

#include <cmath>

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

std::vector<float> rope_table(uint32_t n_positions, uint32_t rope_dim, double base, double scale,
                              const std::vector<float>& factors) {
    const uint32_t n = rope_dim / 2;
    const auto n_high = static_cast<uint32_t>(div_up(n_positions, shared::kRopeLow)) + 1;
    std::vector<float> table;
    table.reserve((shared::kRopeLow + n_high) * size_t{n} * 2);
    const auto add_row = [&](double position) {
        for (uint32_t f = 0; f < n; ++f) {
            double frequency = std::pow(base, -2.0 * f / rope_dim) * scale;
            if (f < factors.size()) frequency /= static_cast<double>(factors[f]);
            table.push_back(static_cast<float>(std::cos(position * frequency)));
            table.push_back(static_cast<float>(std::sin(position * frequency)));
        }
    };
    for (uint32_t p = 0; p < shared::kRopeLow; ++p) add_row(p);
    for (uint32_t i = 0; i < n_high; ++i) add_row(static_cast<double>(i) * shared::kRopeLow);
    return table;
}

gpu::KernelKey rope_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"rope", {plan.row_lanes}});
}

Status record_rope(gpu::Device& device, gpu::Recorder& recorder, const RopeArgs& args,
                   const StepRows& rows) {
    if (args.head_dim % 4 != 0 || args.rope_dim % 4 != 0 || args.rope_dim > args.head_dim) {
        return invalid_argument("rope: head_dim and rope_dim must be multiples of 4");
    }
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(rope_key(device.plan())));
    shared::RopePush push{};
    push.n_heads = args.n_heads;
    push.n_kv_heads = args.n_kv_heads;
    push.head_dim = args.head_dim;
    push.rope_dim = args.rope_dim;
    push.flags = (args.halves ? shared::kRopeHalves : 0) | (args.qk_norm ? shared::kRopeQkNorm : 0);
    push.q_scale = args.q_scale;
    push.epsilon = args.epsilon;
    recorder.dispatch(kernel,
                      {args.qkv, args.k_cache, args.v_cache,
                       args.qk_norm ? args.qk_gain : args.step, args.angles, args.step, args.pages},
                      push, args.n_heads + 2 * args.n_kv_heads, rows.max_tokens, rows.n_sequences);
    return ok_status();
}

}  // namespace alv::ops
