#include "model/step_buffers.h"

#include <array>
#include <string_view>

#include "base/checked.h"
#include "shared.h"

namespace alv::model {

namespace {

struct Place {
    gpu::BufferView StepBuffers::*view;
    gpu::Domain domain;
    uint64_t size_bytes;
};

std::array<Place, 16> places(const HParams& hp, const StepSizes& sizes) {
    using enum gpu::Domain;
    const uint64_t t = sizes.max_tokens;
    const uint64_t head = hp.head_dim;
    const uint64_t rows = sizes.max_batch;
    return {{
        {&StepBuffers::h, kScratch, t * hp.dim * 4},
        {&StepBuffers::gained, kScratch, t * hp.dim * 4},
        {&StepBuffers::qkv, kScratch, t * (hp.n_heads + 2ull * hp.n_kv_heads) * head * 4},
        {&StepBuffers::attn, kScratch, t * hp.n_heads * head * 4},
        {&StepBuffers::ffn, kScratch, t * hp.ffn_dim * 4},
        {&StepBuffers::gate_up, kScratch, sizes.separate_gate_up ? t * hp.ffn_dim * 8 : 0},
        {&StepBuffers::block, kScratch, hp.arch->post_norms ? t * hp.dim * 4 : 0},
        {&StepBuffers::logits, kScratch, uint64_t{sizes.logit_rows} * hp.n_vocab * 4},
        {&StepBuffers::step, kStep, rows * sizeof(shared::Step)},
        {&StepBuffers::tokens, kStep, t * 4},
        {&StepBuffers::targets, kStep, t * 4},
        {&StepBuffers::pages, kStep, rows * sizes.max_pages * 4},
        {&StepBuffers::penalty, kStep, rows * shared::kMaxPenalty * 4},
        {&StepBuffers::allowed, kStep, rows * (align_up(hp.n_vocab, 32) / 8)},
        {&StepBuffers::answer, kReadback, rows * sizeof(shared::Drawn)},
        {&StepBuffers::scores, kReadback, t * 4},
    }};
}

}  // namespace

uint64_t step_buffer_bytes(const HParams& hp, const StepSizes& sizes) {
    uint64_t total = 0;
    for (const Place& place : places(hp, sizes)) total += align_up(place.size_bytes, 256);
    return total;
}

Result<StepBuffers> create_step_buffers(gpu::Device& device, const HParams& hp,
                                        const StepSizes& sizes) {
    StepBuffers buffers;
    for (const Place& place : places(hp, sizes)) {
        if (place.size_bytes == 0) continue;
        ALV_ASSIGN_OR_RETURN(const gpu::Buffer buffer,
                             device.create_buffer(place.domain, place.size_bytes, "step"));
        buffers.*place.view = buffer;
    }
    return buffers;
}

}  // namespace alv::model
