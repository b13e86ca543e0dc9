// A text's tokens -> one vector: their mean, scaled to length 1.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "gpu/device.h"

namespace alv::ops {

struct PoolArgs {
    gpu::BufferView h;      // (tokens, dim) f32
    gpu::BufferView texts;  // (texts) shared::TokenPlace: first < end
    gpu::BufferView out;    // (texts, dim) f32
    gpu::BufferView step;   // shared::Step: n_tokens is the number of texts
    uint32_t dim = 0;       // a multiple of 4
};

gpu::KernelKey pool_key(const gpu::Plan& plan);

Status record_pool(gpu::Device& device, gpu::Recorder& recorder, const PoolArgs& args,
                   uint32_t max_texts);

}  // namespace alv::ops
