#include "model/encoder_buffers.h"

#include <array>

#include "base/checked.h"
#include "shared.h"

namespace alv::model {

namespace {

constexpr uint32_t kMaxTexts = 64;

static_assert(sizeof(shared::Step) <= kEncoderStepBytes);

struct Place {
    gpu::BufferView EncoderBuffers::*view;
    gpu::Domain domain;
    uint64_t size_bytes;
};

std::array<Place, 10> places(const HParams& hp, const EncoderSizes& sizes) {
    using enum gpu::Domain;
    const uint64_t t = sizes.max_tokens;
    const uint64_t row = uint64_t{hp.dim} * 4;
    const uint64_t n_blocks = sizes.max_tokens / sizes.block_tokens;
    return {{
        {&EncoderBuffers::h, kScratch, t * row},
        {&EncoderBuffers::block, kScratch, t * row},
        {&EncoderBuffers::qkv, kScratch, t * row * 3},
        {&EncoderBuffers::attn, kScratch, t * row},
        {&EncoderBuffers::ffn, kScratch, t * hp.ffn_dim * 4},
        {&EncoderBuffers::steps, kStep, (n_blocks + 1) * kEncoderStepBytes},
        {&EncoderBuffers::tokens, kStep, t * 4},
        {&EncoderBuffers::places, kStep, t * sizeof(shared::TokenPlace)},
        {&EncoderBuffers::texts, kStep, sizes.max_texts * sizeof(shared::TokenPlace)},
        {&EncoderBuffers::vectors, kReadback, sizes.max_texts * row},
    }};
}

}  // namespace

EncoderSizes encoder_sizes(const gpu::Plan& plan, const HParams& hp) {
    EncoderSizes sizes;
    // Views of a block begin at multiples of 256 bytes.
    sizes.block_tokens = static_cast<uint32_t>(align_up(plan.prefill_tokens, 64));
    sizes.max_tokens = static_cast<uint32_t>(align_up(hp.max_tokens, sizes.block_tokens));
    sizes.max_texts = kMaxTexts;
    return sizes;
}

uint64_t encoder_buffer_bytes(const HParams& hp, const EncoderSizes& sizes) {
    uint64_t total = 0;
    for (const Place& place : places(hp, sizes)) total += align_up(place.size_bytes, 256);
    return total;
}

Result<EncoderBuffers> create_encoder_buffers(gpu::Device& device, const HParams& hp,
                                              const EncoderSizes& sizes) {
    EncoderBuffers buffers;
    for (const Place& place : places(hp, sizes)) {
        ALV_ASSIGN_OR_RETURN(const gpu::Buffer buffer,
                             device.create_buffer(place.domain, place.size_bytes, "encoder"));
        buffers.*place.view = buffer;
    }
    return buffers;
}

}  // namespace alv::model
