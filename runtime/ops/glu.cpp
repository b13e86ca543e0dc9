#include "ops/glu.h"

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey glu_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"glu", {plan.row_lanes}});
}

Status record_glu(gpu::Device& device, gpu::Recorder& recorder, const GluArgs& args,
                  uint32_t max_tokens) {
    if (args.n % 4 != 0) return invalid_argument("glu: n must be a multiple of 4");
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(glu_key(device.plan())));
    const shared::GluPush push{args.n, args.gelu ? shared::kMatmulGelu : 0};
    recorder.dispatch(kernel, {args.gate_up, args.y, args.step}, push,
                      static_cast<uint32_t>(div_up(args.n / 4, kernel->key().constants[0])),
                      max_tokens);
    return ok_status();
}

}  // namespace alv::ops
