#include "ops/pool.h"

#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey pool_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"pool", {plan.reduce_lanes}});
}

Status record_pool(gpu::Device& device, gpu::Recorder& recorder, const PoolArgs& args,
                   uint32_t max_texts) {
    if (args.dim == 0 || args.dim % 4 != 0) {
        return invalid_argument("pool: dim must be a multiple of 4");
    }
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(pool_key(device.plan())));
    recorder.dispatch(kernel, {args.h, args.texts, args.out, args.step}, shared::PoolPush{args.dim},
                      max_texts);
    return ok_status();
}

}  // namespace alv::ops
