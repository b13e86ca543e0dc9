#include "ops/bias.h"

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey bias_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"bias", {plan.row_lanes}});
}

Status record_bias(gpu::Device& device, gpu::Recorder& recorder, const BiasArgs& args,
                   uint32_t max_tokens) {
    if (args.n % 4 != 0) return invalid_argument("bias: n must be a multiple of 4");
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(bias_key(device.plan())));
    const shared::BiasPush push{args.n, args.gelu ? shared::kBiasGelu : 0};
    recorder.dispatch(kernel, {args.y, args.bias, args.step}, push,
                      static_cast<uint32_t>(div_up(args.n / 4, kernel->key().constants[0])),
                      max_tokens);
    return ok_status();
}

}  // namespace alv::ops
