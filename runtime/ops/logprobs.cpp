#include "ops/logprobs.h"

#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey logprobs_key(const gpu::Plan& plan) {
    return any_lanes(plan, {"logprobs", {plan.reduce_lanes}});
}

Status record_logprobs(gpu::Device& device, gpu::Recorder& recorder, const LogprobsArgs& args) {
    ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel, device.kernel(logprobs_key(device.plan())));
    const uint32_t n_logits = args.n_logits != 0 ? args.n_logits : args.n_vocab;
    const shared::SamplePush push{args.n_vocab, n_logits, args.first_row};
    recorder.dispatch(kernel, {args.logits, args.step, args.answer, args.targets, args.scores},
                      push, args.n_rows);
    return ok_status();
}

}  // namespace alv::ops
