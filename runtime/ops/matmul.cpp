#include "ops/matmul.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "ops/variant.h"
#include "shared.h"

namespace alv::ops {

gpu::KernelKey matmul_key(const gpu::Plan& plan, WeightFormat format, uint32_t columns) {
    const std::string name(weight_format_traits(format).name);
    auto variants = lane_variants({"matmul_" + name, {plan.row_lanes, columns}});
    if (plan.share_x) {
        variants.insert(variants.begin(), {"matmul_share_" + name, {plan.row_lanes, columns}});
    }
    return first_trusted(plan, std::move(variants));
}

namespace {

Status check(const MatmulArgs& args) {
    const Weight& w = *args.weight;
    if (w.k == 0 || w.k % shared::kBlockK != 0) {
        return invalid_argument("matmul: k = " + std::to_string(w.k) + " is no multiple of 32");
    }
    if (w.gated && args.add) return invalid_argument("matmul: a gated weight cannot add");
    const bool complete = args.x.buffer && args.y.buffer && args.step.buffer &&
                          (!args.norm || args.h.buffer) &&
                          (!args.add || (args.gain.buffer && args.gained.buffer));
    return complete ? ok_status() : invalid_argument("matmul: a buffer is missing");
}

uint32_t flags_of(const MatmulArgs& args) {
    uint32_t flags = 0;
    if (args.norm) flags |= shared::kMatmulNorm;
    if (args.weight->gated) flags |= shared::kMatmulGated;
    if (args.add) flags |= shared::kMatmulAdd;
    if (args.gelu) flags |= shared::kMatmulGelu;
    if (args.rows == MatmulRows::kLast) flags |= shared::kMatmulLast;
    if (args.rows == MatmulRows::kScored) flags |= shared::kMatmulScore;
    return flags;
}

// What a workgroup does once it does for so many tiles of rows: as many as leave no thread with
// more to do than the others. `pass`: tiles that a pass over x serves, and takes the time of.
uint32_t tiles_each(uint32_t n_tiles, uint32_t pass, uint32_t n_columns, uint32_t threads) {
    // More gains little, and drivers bound the loops of an invocation.
    constexpr uint32_t kMost = 10;
    if (threads == 0) return 1;
    uint32_t best = 1;
    uint64_t least = UINT64_MAX;
    for (uint32_t each = 1; each <= std::min(kMost, n_tiles); ++each) {
        const uint64_t groups = div_up(n_tiles, each) * n_columns;
        const uint64_t longest = div_up(groups, threads) * align_up(each, pass);
        if (longest <= least) {
            best = each;
            least = longest;
        }
    }
    return best;
}

}  // namespace

Status record_matmul(gpu::Device& device, gpu::Recorder& recorder, const MatmulArgs& args,
                     uint32_t columns, uint32_t max_tokens) {
    ALV_RETURN_IF_ERROR(check(args));
    const Weight& w = *args.weight;
    const gpu::BufferView& unused = args.step;
    for (const WeightChunk& chunk : w.chunks) {
        ALV_ASSIGN_OR_RETURN(const gpu::Kernel* kernel,
                             device.kernel(matmul_key(device.plan(), chunk.format, columns)));
        shared::MatmulPush push{};
        push.k = w.k;
        push.n_rows = chunk.n_rows;
        push.x_stride = w.k;
        push.y_stride = args.y_stride != 0 ? args.y_stride : w.n_rows;
        push.y_offset = chunk.first_row;
        push.flags = flags_of(args);
        if ((push.n_rows | push.y_offset | push.y_stride) % 4 == 0) {
            push.flags |= shared::kMatmulQuads;
        }
        push.epsilon = args.epsilon;
        push.first_token = args.first_token;
        const auto n_columns = static_cast<uint32_t>(div_up(max_tokens, columns));
        push.tiles = static_cast<uint32_t>(div_up(chunk.n_rows, shared::kTileRows));
        // A gated pair is one pass.
        const uint32_t pass = device.plan().share_x && columns == 1 && !w.gated ? 2 : 1;
        push.tiles_each = tiles_each(push.tiles, pass, n_columns, device.plan().cpu_threads);
        recorder.dispatch(
            kernel,
            {chunk.quants, chunk.scales, args.x, args.norm ? args.h : args.x, args.y,
             args.add ? args.gain : unused, args.add ? args.gained : args.y, args.step},
            push, static_cast<uint32_t>(div_up(push.tiles, push.tiles_each)), n_columns);
    }
    return ok_status();
}

}  // namespace alv::ops
