// The weights of a model on the device: which tensors, how they are fused, where they lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "gguf/reader.h"
#include "gpu/device.h"
#include "model/hparams.h"
#include "ops/weight.h"

namespace alv::model {

struct LayerWeights {
    ops::Weight qkv;            // ((n_heads + 2 n_kv_heads) * head_dim, dim): q, k, v
    ops::Weight out;            // (dim, n_heads * head_dim)
    ops::Weight gate_up;        // gated (ffn_dim, dim); or (2 ffn_dim, dim) where the types differ
    ops::Weight down;           // (dim, ffn_dim)
    gpu::BufferView attn_gain;  // (dim)
    gpu::BufferView ffn_gain;   // (dim)
    gpu::BufferView post_attn_gain;  // (dim), with post_norms
    gpu::BufferView post_ffn_gain;   // (dim), with post_norms
    gpu::BufferView qk_gain;         // (2, head_dim) of q and of k, with qk_norm
    // Encoders: attn_gain and ffn_gain are of the layer norms behind attention and ffn, gate_up is
    // the up projection alone.
    gpu::BufferView attn_beta;  // (dim)
    gpu::BufferView ffn_beta;   // (dim)
    gpu::BufferView qkv_bias;   // (3 * dim)
    gpu::BufferView out_bias;   // (dim)
    gpu::BufferView up_bias;    // (ffn_dim)
    gpu::BufferView down_bias;  // (dim)
};

struct WeightSet {
    ops::Weight embedding;          // (n_vocab, dim)
    ops::Weight head;               // (n_vocab, dim); the embedding's chunks where they are tied
    gpu::BufferView final_gain;     // (dim)
    gpu::BufferView global_angles;  // ops::rope_table of layers that attend to everything
    gpu::BufferView local_angles;   // of windowed layers; the global one where there are none
    // Encoders: final_gain is that of the embedding's layer norm.
    gpu::BufferView embedding_beta;  // (dim)
    gpu::BufferView positions;       // (train_context, dim)
    gpu::BufferView token_types;     // (n_token_types, dim): the first row is what every token gets
    std::vector<LayerWeights> layers;
};

// Some rows of a matrix, in the order in which they are fused.
struct RowPart {
    const gguf::TensorInfo* tensor = nullptr;
    uint32_t n_rows = 0;
};

struct ChunkPlan {
    DType type = DType::kF32;
    ops::WeightFormat format = ops::WeightFormat::kF32;
    uint32_t first_row = 0;  // of the output
    uint32_t n_rows = 0;
    uint32_t n_tiles = 0;
    ops::ChunkLayout layout;
};

struct MatrixPlan {
    std::vector<RowPart> parts;
    std::vector<ChunkPlan> chunks;
    uint32_t n_rows = 0;  // of the output
    uint32_t k = 0;
    bool gated = false;
};

struct VectorPlan {
    const gguf::TensorInfo* tensor = nullptr;  // nullptr: the model has none
    uint64_t n = 0;
};

struct LayerPlan {
    MatrixPlan qkv, out, gate_up, down;
    VectorPlan attn_gain, ffn_gain, post_attn_gain, post_ffn_gain, q_gain, k_gain;
    VectorPlan attn_beta, ffn_beta, q_bias, k_bias, v_bias, out_bias, up_bias, down_bias;
};

// Every tensor found and checked, every byte counted, nothing taken yet.
struct WeightPlan {
    MatrixPlan embedding;
    MatrixPlan head;  // no parts: tied to the embedding
    VectorPlan final_gain;
    VectorPlan embedding_beta, positions, token_types;
    const gguf::TensorInfo* rope_factors = nullptr;
    std::vector<LayerPlan> layers;
    uint64_t size_bytes = 0;  // on the device
};

// Errors: corrupt file (a missing tensor, a wrong shape), unsupported (a tensor type).
Result<WeightPlan> plan_weights(const gguf::Reader& reader, const HParams& hparams,
                                uint64_t max_chunk_bytes);

// Whether a layer, planned or loaded, has gate and up in matrices of their own: ops/glu.h joins
// them.
template <typename Layers>
bool has_separate_gate_up(const Layers& layers) {
    return std::any_of(layers.begin(), layers.end(),
                       [](const auto& layer) { return !layer.gate_up.gated; });
}

// The formats that need kernels, each once.
std::vector<ops::WeightFormat> formats_of(const WeightPlan& plan);

// Repacks and uploads; `progress(done, total)` in bytes of the device, false cancels.
Result<WeightSet> upload_weights(gpu::Device& device, const gguf::Reader& reader,
                                 const HParams& hparams, const WeightPlan& plan, uint32_t positions,
                                 const std::function<bool(uint64_t, uint64_t)>& progress);

}  // namespace alv::model
