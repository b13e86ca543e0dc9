#include "ops/norm_add.h"

#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey norm_add_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"norm_add", {plan.row_lanes}});
}

Status record_norm_add(gpu::Device& device, gpu::Recorder& recorder, const NormAddArgs& args,
                       uint32_t max_tokens) {
    if (args.dim % 4 != 0) return invalid_argument("norm_add: dim must be a multiple of 4");
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(norm_add_key(device.plan())));
    const shared::NormAddPush push{args.dim, args.epsilon};
    recorder.dispatch(kernel, {args.y, args.post_gain, args.h, args.gain, args.gained, args.step},
                      push, max_tokens);
    return ok_status();
}

}  // namespace alv::ops
