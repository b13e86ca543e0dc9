#include "ops/layer_norm.h"

#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey layer_norm_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"layer_norm", {plan.row_lanes}});
}

Status record_layer_norm(gpu::Device& device, gpu::Recorder& recorder, const LayerNormArgs& args,
                         uint32_t max_tokens) {
    if (args.dim == 0 || args.dim % 4 != 0) {
        return invalid_argument("layer_norm: dim must be a multiple of 4");
    }
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(layer_norm_key(device.plan())));
    const shared::LayerNormPush push{args.dim, args.by_position ? shared::kLayerNormByPosition : 0,
                                     args.epsilon};
    recorder.dispatch(kernel,
                      {args.y, args.h, args.bias, args.gain, args.beta, args.places, args.step},
                      push, max_tokens);
    return ok_status();
}

}  // namespace alv::ops
