#include "ops/embed.h"

#include <string>

#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey embed_key(const gpu::Plan& plan, WeightFormat format) {
    return any_lanes(plan,
                     {"embed_" + std::string(weight_format_traits(format).name), {plan.row_lanes}});
}

Status record_embed(gpu::Device& device, gpu::Recorder& recorder, const EmbedArgs& args,
                    uint32_t max_tokens) {
    const Weight& w = *args.weight;
    if (w.k % shared::kBlockK != 0 || w.gated) {
        return invalid_argument("embed: the embedding length is no multiple of 32");
    }
    for (const WeightChunk& chunk : w.chunks) {
        ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel,
                             device.kernel(embed_key(device.plan(), chunk.format)));
        const shared::EmbedPush push{w.k, chunk.first_row, chunk.n_rows, args.scale};
        recorder.dispatch(
            kernel,
            {chunk.quants, chunk.scales, args.tokens, args.gain, args.h, args.gained, args.step},
            push, max_tokens);
    }
    return ok_status();
}

}  // namespace alv::ops
