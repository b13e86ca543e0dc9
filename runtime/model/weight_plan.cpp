// Names, shapes and chunks of a model's weights; see weights.h.
#include <algorithm>

#include "base/checked.h"
#include "model/weights.h"
#include "shared.h"

namespace alv::model {

namespace {

using gguf::Reader;
using gguf::TensorInfo;

std::string shape_text(uint64_t columns, uint64_t rows) {
    return "(" + std::to_string(columns) + ", " + std::to_string(rows) + ")";
}

Result<const TensorInfo*> find(const Reader& reader, const std::string& name, uint64_t columns,
                               uint64_t rows) {
    const TensorInfo* tensor = reader.find_tensor(name);
    if (tensor == nullptr) return corrupt_file("tensor " + name + " is missing");
    if (tensor->dims[0] != columns || tensor->dims[1] != rows || tensor->dims[2] != 1 ||
        tensor->dims[3] != 1) {
        return corrupt_file("tensor " + name + ": shape " +
                            shape_text(tensor->dims[0], tensor->dims[1]) + " should be " +
                            shape_text(columns, rows));
    }
    return tensor;
}

// Cuts rows [first, first + n) of one type into chunks of at most `max_bytes`.
Status add_chunks(MatrixPlan& matrix, DType type, uint32_t first, uint32_t n, uint64_t max_bytes) {
    ALV_ASSIGN_OR_RETURN(const ops::WeightFormat format, ops::weight_format_for(type));
    const uint32_t tiles_each = matrix.gated ? 2 : 1;  // tiles for 32 output rows
    const ops::ChunkLayout one = ops::chunk_layout(format, tiles_each, matrix.k);
    const uint64_t fitting = std::max<uint64_t>(1, max_bytes / (one.size_bytes + 256));
    const uint64_t rows_most = fitting * shared::kTileRows;
    for (uint32_t at = 0; at < n;) {
        ChunkPlan chunk;
        chunk.type = type;
        chunk.format = format;
        chunk.first_row = first + at;
        chunk.n_rows = static_cast<uint32_t>(std::min<uint64_t>(rows_most, n - at));
        chunk.n_tiles = static_cast<uint32_t>(div_up(chunk.n_rows, shared::kTileRows)) * tiles_each;
        chunk.layout = ops::chunk_layout(format, chunk.n_tiles, matrix.k);
        at += chunk.n_rows;
        matrix.chunks.push_back(chunk);
    }
    return ok_status();
}

// Adjacent parts of one type share chunks.
Result<MatrixPlan> fuse(std::vector<RowPart> parts, uint64_t max_bytes) {
    MatrixPlan matrix;
    matrix.k = static_cast<uint32_t>(parts[0].tensor->dims[0]);
    for (size_t i = 0; i < parts.size();) {
        const DType type = parts[i].tensor->type;
        const uint32_t first = matrix.n_rows;
        for (; i < parts.size() && parts[i].tensor->type == type; ++i) {
            matrix.n_rows += parts[i].n_rows;
        }
        Status status = add_chunks(matrix, type, first, matrix.n_rows - first, max_bytes);
        if (!status.ok()) return status.annotate("tensor " + parts[i - 1].tensor->name);
    }
    matrix.parts = std::move(parts);
    return matrix;
}

Result<MatrixPlan> single(const Reader& reader, const std::string& name, uint32_t columns,
                          uint32_t rows, uint64_t max_bytes) {
    ALV_ASSIGN_OR_RETURN(const TensorInfo* tensor, find(reader, name, columns, rows));
    return fuse({{tensor, rows}}, max_bytes);
}

// gate and up as one gated matrix where their types agree, else one below the other.
Result<MatrixPlan> gate_up(const Reader& reader, const std::string& prefix, const HParams& hp,
                           uint64_t max_bytes) {
    ALV_ASSIGN_OR_RETURN(const TensorInfo* gate,
                         find(reader, prefix + "ffn_gate.weight", hp.dim, hp.ffn_dim));
    ALV_ASSIGN_OR_RETURN(const TensorInfo* up,
                         find(reader, prefix + "ffn_up.weight", hp.dim, hp.ffn_dim));
    if (gate->type != up->type) return fuse({{gate, hp.ffn_dim}, {up, hp.ffn_dim}}, max_bytes);
    MatrixPlan matrix;
    matrix.gated = true;
    matrix.k = hp.dim;
    matrix.n_rows = hp.ffn_dim;
    Status status = add_chunks(matrix, gate->type, 0, hp.ffn_dim, max_bytes);
    if (!status.ok()) return status.annotate("tensor " + gate->name);
    matrix.parts = {{gate, hp.ffn_dim}, {up, hp.ffn_dim}};
    return matrix;
}

Result<VectorPlan> vector(const Reader& reader, const std::string& name, uint32_t n) {
    ALV_ASSIGN_OR_RETURN(const TensorInfo* tensor, find(reader, name, n, 1));
    if (tensor->type != DType::kF32 && tensor->type != DType::kF16 &&
        tensor->type != DType::kBF16) {
        return unsupported("tensor " + name + ": a norm must be F32, F16 or BF16");
    }
    return VectorPlan{tensor, n};
}

// A small table of floats, kept as it is.
Result<VectorPlan> table(const Reader& reader, const std::string& name, uint32_t columns,
                         uint32_t rows) {
    ALV_ASSIGN_OR_RETURN(const TensorInfo* tensor, find(reader, name, columns, rows));
    if (tensor->type != DType::kF32 && tensor->type != DType::kF16 &&
        tensor->type != DType::kBF16) {
        return unsupported("tensor " + name + ": must be F32, F16 or BF16");
    }
    return VectorPlan{tensor, tensor->n_elements};
}

Status plan_encoder_vectors(const Reader& reader, const HParams& hp, const std::string& prefix,
                            LayerPlan& plan) {
    const struct {
        VectorPlan LayerPlan::*to;
        const char* name;
        uint32_t n;
    } rows[] = {
        {&LayerPlan::attn_gain, "attn_output_norm.weight", hp.dim},
        {&LayerPlan::attn_beta, "attn_output_norm.bias", hp.dim},
        {&LayerPlan::ffn_gain, "layer_output_norm.weight", hp.dim},
        {&LayerPlan::ffn_beta, "layer_output_norm.bias", hp.dim},
        {&LayerPlan::q_bias, "attn_q.bias", hp.dim},
        {&LayerPlan::k_bias, "attn_k.bias", hp.dim},
        {&LayerPlan::v_bias, "attn_v.bias", hp.dim},
        {&LayerPlan::out_bias, "attn_output.bias", hp.dim},
        {&LayerPlan::up_bias, "ffn_up.bias", hp.ffn_dim},
        {&LayerPlan::down_bias, "ffn_down.bias", hp.dim},
    };
    for (const auto& row : rows) {
        ALV_ASSIGN_OR_RETURN(plan.*row.to, vector(reader, prefix + row.name, row.n));
    }
    return ok_status();
}

Result<LayerPlan> plan_layer(const Reader& reader, const HParams& hp, uint32_t layer,
                             uint64_t max_bytes) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    const uint32_t q_rows = hp.n_heads * hp.head_dim;
    const uint32_t kv_rows = hp.n_kv_heads * hp.head_dim;
    LayerPlan plan;
    ALV_ASSIGN_OR_RETURN(const TensorInfo* q,
                         find(reader, prefix + "attn_q.weight", hp.dim, q_rows));
    ALV_ASSIGN_OR_RETURN(const TensorInfo* k,
                         find(reader, prefix + "attn_k.weight", hp.dim, kv_rows));
    ALV_ASSIGN_OR_RETURN(const TensorInfo* v,
                         find(reader, prefix + "attn_v.weight", hp.dim, kv_rows));
    ALV_ASSIGN_OR_RETURN(plan.qkv, fuse({{q, q_rows}, {k, kv_rows}, {v, kv_rows}}, max_bytes));
    ALV_ASSIGN_OR_RETURN(plan.out,
                         single(reader, prefix + "attn_output.weight", q_rows, hp.dim, max_bytes));
    ALV_ASSIGN_OR_RETURN(plan.down,
                         single(reader, prefix + "ffn_down.weight", hp.ffn_dim, hp.dim, max_bytes));
    if (hp.arch->encoder) {
        ALV_ASSIGN_OR_RETURN(
            plan.gate_up, single(reader, prefix + "ffn_up.weight", hp.dim, hp.ffn_dim, max_bytes));
        ALV_RETURN_IF_ERROR(plan_encoder_vectors(reader, hp, prefix, plan));
        return plan;
    }
    ALV_ASSIGN_OR_RETURN(plan.gate_up, gate_up(reader, prefix, hp, max_bytes));
    ALV_ASSIGN_OR_RETURN(plan.attn_gain, vector(reader, prefix + "attn_norm.weight", hp.dim));
    ALV_ASSIGN_OR_RETURN(plan.ffn_gain, vector(reader, prefix + "ffn_norm.weight", hp.dim));
    if (hp.arch->post_norms) {
        ALV_ASSIGN_OR_RETURN(plan.post_attn_gain,
                             vector(reader, prefix + "post_attention_norm.weight", hp.dim));
        ALV_ASSIGN_OR_RETURN(plan.post_ffn_gain,
                             vector(reader, prefix + "post_ffw_norm.weight", hp.dim));
    }
    if (hp.arch->qk_norm) {
        ALV_ASSIGN_OR_RETURN(plan.q_gain,
                             vector(reader, prefix + "attn_q_norm.weight", hp.head_dim));
        ALV_ASSIGN_OR_RETURN(plan.k_gain,
                             vector(reader, prefix + "attn_k_norm.weight", hp.head_dim));
    }
    return plan;
}

template <typename Visit>
void each_matrix(const WeightPlan& plan, const Visit& visit) {
    visit(plan.embedding);
    visit(plan.head);
    for (const LayerPlan& layer : plan.layers) {
        visit(layer.qkv);
        visit(layer.out);
        visit(layer.gate_up);
        visit(layer.down);
    }
}

}  // namespace

Result<WeightPlan> plan_weights(const Reader& reader, const HParams& hp, uint64_t max_chunk_bytes) {
    WeightPlan plan;
    ALV_ASSIGN_OR_RETURN(plan.embedding,
                         single(reader, "token_embd.weight", hp.dim, hp.n_vocab, max_chunk_bytes));
    if (!hp.arch->encoder && reader.find_tensor("output.weight") != nullptr) {
        ALV_ASSIGN_OR_RETURN(plan.head,
                             single(reader, "output.weight", hp.dim, hp.n_vocab, max_chunk_bytes));
    }
    const bool encoder = hp.arch->encoder;
    ALV_ASSIGN_OR_RETURN(
        plan.final_gain,
        vector(reader, encoder ? "token_embd_norm.weight" : "output_norm.weight", hp.dim));
    if (encoder) {
        ALV_ASSIGN_OR_RETURN(plan.embedding_beta, vector(reader, "token_embd_norm.bias", hp.dim));
        ALV_ASSIGN_OR_RETURN(plan.positions,
                             table(reader, "position_embd.weight", hp.dim, hp.train_context));
        ALV_ASSIGN_OR_RETURN(plan.token_types,
                             table(reader, "token_types.weight", hp.dim, hp.n_token_types));
    } else if (reader.find_tensor("rope_freqs.weight") != nullptr) {
        ALV_ASSIGN_OR_RETURN(const VectorPlan factors,
                             vector(reader, "rope_freqs.weight", hp.rope_dim / 2));
        plan.rope_factors = factors.tensor;
    }
    for (uint32_t i = 0; i < hp.n_layers; ++i) {
        ALV_ASSIGN_OR_RETURN(LayerPlan layer, plan_layer(reader, hp, i, max_chunk_bytes));
        plan.layers.push_back(std::move(layer));
    }
    each_matrix(plan, [&](const MatrixPlan& matrix) {
        for (const ChunkPlan& chunk : matrix.chunks) {
            plan.size_bytes += align_up(chunk.layout.size_bytes, 256);
        }
    });
    return plan;
}

std::vector<ops::WeightFormat> formats_of(const WeightPlan& plan) {
    std::vector<ops::WeightFormat> formats;
    each_matrix(plan, [&](const MatrixPlan& matrix) {
        for (const ChunkPlan& chunk : matrix.chunks) {
            if (std::find(formats.begin(), formats.end(), chunk.format) == formats.end()) {
                formats.push_back(chunk.format);
            }
        }
    });
    return formats;
}

}  // namespace alv::model
