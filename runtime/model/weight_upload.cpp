// Streams a model's weights from the file through repack to the device; see weights.h.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "base/checked.h"
#include "model/weights.h"
#include "ops/repack.h"
#include "ops/rope.h"
#include "shared.h"

namespace alv::model {

namespace {

// Host memory of one round of repacking where the device cannot be written directly.
constexpr uint64_t kRoundBytes = 4u << 20;

class Uploader {
  public:
    Uploader(gpu::Device& device, const gguf::Reader& reader, uint64_t total,
             const std::function<bool(uint64_t, uint64_t)>& progress)
        : device_(device), reader_(reader), total_(total), progress_(progress) {}

    Result<ops::Weight> matrix(const MatrixPlan& plan);
    Result<std::vector<float>> floats(const gguf::TensorInfo& tensor);

  private:
    Status chunk(const MatrixPlan& plan, const ChunkPlan& chunk, const gpu::Buffer& buffer);
    Status tile(const MatrixPlan& plan, const ChunkPlan& chunk, uint32_t index,
                std::span<uint8_t> quants, std::span<uint8_t> scales);
    Status send(const gpu::Buffer& buffer, uint64_t offset, std::span<const uint8_t> bytes);
    Status advance(uint64_t bytes);

    gpu::Device& device_;
    const gguf::Reader& reader_;
    uint64_t total_;
    uint64_t done_ = 0;
    const std::function<bool(uint64_t, uint64_t)>& progress_;
};

struct RowPlace {
    const gguf::TensorInfo* tensor = nullptr;
    uint64_t row = 0;
};

// Which row of which tensor is row `r` of a tile; no tensor for padding.
RowPlace place_of(const MatrixPlan& plan, const ChunkPlan& chunk, uint32_t tile, uint32_t r) {
    const uint32_t group = plan.gated ? tile / 2 : tile;
    const uint32_t in_chunk = group * shared::kTileRows + r;
    if (in_chunk >= chunk.n_rows) return {};
    uint32_t row = chunk.first_row + in_chunk;
    if (plan.gated) return {plan.parts[tile % 2].tensor, row};
    for (const RowPart& part : plan.parts) {
        if (row < part.n_rows) return {part.tensor, row};
        row -= part.n_rows;
    }
    return {};
}

Status Uploader::tile(const MatrixPlan& plan, const ChunkPlan& chunk, uint32_t index,
                      std::span<uint8_t> quants, std::span<uint8_t> scales) {
    std::array<const uint8_t*, shared::kTileRows> rows{};
    std::vector<FileBytes> held;
    for (uint32_t r = 0; r < shared::kTileRows;) {
        const RowPlace first = place_of(plan, chunk, index, r);
        if (first.tensor == nullptr) break;
        uint32_t n = 1;  // rows that follow each other in the file
        while (r + n < shared::kTileRows) {
            const RowPlace next = place_of(plan, chunk, index, r + n);
            if (next.tensor != first.tensor || next.row != first.row + n) break;
            ++n;
        }
        const uint64_t row_bytes = first.tensor->size_bytes / first.tensor->dims[1];
        ALV_ASSIGN_OR_RETURN(
            FileBytes bytes,
            reader_.file().read(first.tensor->offset + first.row * row_bytes, row_bytes * n));
        for (uint32_t i = 0; i < n; ++i) rows[r + i] = bytes.bytes.data() + i * row_bytes;
        held.push_back(std::move(bytes));
        r += n;
    }
    ops::repack_tile(chunk.type, rows, plan.k, quants, scales);
    return ok_status();
}

Status Uploader::send(const gpu::Buffer& buffer, uint64_t offset, std::span<const uint8_t> bytes) {
    if (bytes.empty()) return ok_status();
    return device_.upload({buffer, offset, bytes.size()},
                          [&](uint64_t at, std::span<uint8_t> out) -> Status {
                              std::memcpy(out.data(), bytes.data() + at, out.size());
                              return ok_status();
                          });
}

Status Uploader::advance(uint64_t bytes) {
    done_ += bytes;
    if (progress_ && !progress_(std::min(done_, total_), total_)) {
        return cancelled("the load was cancelled");
    }
    return ok_status();
}

Status Uploader::chunk(const MatrixPlan& plan, const ChunkPlan& chunk, const gpu::Buffer& buffer) {
    const ops::ChunkLayout& layout = chunk.layout;
    const uint64_t tile_bytes = layout.tile_quant_bytes + layout.tile_scale_bytes;
    const auto round_tiles =
        static_cast<uint32_t>(std::clamp<uint64_t>(kRoundBytes / tile_bytes, 1, chunk.n_tiles));
    uint8_t* const mapped = buffer.mapped();
    std::vector<uint8_t> quants(mapped != nullptr ? 0 : round_tiles * layout.tile_quant_bytes);
    std::vector<uint8_t> scales(mapped != nullptr ? 0 : round_tiles * layout.tile_scale_bytes);
    for (uint32_t first = 0; first < chunk.n_tiles; first += round_tiles) {
        const uint32_t n = std::min(round_tiles, chunk.n_tiles - first);
        const uint64_t quants_at = first * layout.tile_quant_bytes;
        const uint64_t scales_at = layout.scales_offset + first * layout.tile_scale_bytes;
        uint8_t* const q = mapped != nullptr ? mapped + quants_at : quants.data();
        uint8_t* const s = mapped != nullptr ? mapped + scales_at : scales.data();
        for (uint32_t i = 0; i < n; ++i) {
            ALV_RETURN_IF_ERROR(tile(plan, chunk, first + i,
                                     {q + i * layout.tile_quant_bytes, layout.tile_quant_bytes},
                                     {s + i * layout.tile_scale_bytes, layout.tile_scale_bytes}));
        }
        if (mapped == nullptr) {
            ALV_RETURN_IF_ERROR(send(buffer, quants_at, {q, n * layout.tile_quant_bytes}));
            ALV_RETURN_IF_ERROR(send(buffer, scales_at, {s, n * layout.tile_scale_bytes}));
        }
        ALV_RETURN_IF_ERROR(advance(n * tile_bytes));
    }
    return ok_status();
}

Result<ops::Weight> Uploader::matrix(const MatrixPlan& plan) {
    ops::Weight weight;
    weight.n_rows = plan.n_rows;
    weight.k = plan.k;
    weight.gated = plan.gated;
    for (const ChunkPlan& chunk_plan : plan.chunks) {
        const ops::ChunkLayout& layout = chunk_plan.layout;
        ALV_ASSIGN_OR_RETURN(gpu::Buffer buffer,
                             device_.create_buffer(gpu::Domain::kWeights, layout.size_bytes,
                                                   plan.parts[0].tensor->name));
        ALV_RETURN_IF_ERROR(chunk(plan, chunk_plan, buffer));
        ops::WeightChunk out;
        out.format = chunk_plan.format;
        out.first_row = chunk_plan.first_row;
        out.n_rows = chunk_plan.n_rows;
        const uint64_t quant_bytes = layout.tile_quant_bytes * chunk_plan.n_tiles;
        out.quants = {buffer, 0, quant_bytes};
        out.scales = layout.tile_scale_bytes == 0
                         ? out.quants
                         : gpu::BufferView(buffer, layout.scales_offset,
                                           layout.tile_scale_bytes * chunk_plan.n_tiles);
        weight.chunks.push_back(std::move(out));
    }
    for (const RowPart& part : plan.parts) {
        reader_.file().release(part.tensor->offset, part.tensor->size_bytes);
    }
    return weight;
}

Result<std::vector<float>> Uploader::floats(const gguf::TensorInfo& tensor) {
    ALV_ASSIGN_OR_RETURN(const FileBytes bytes,
                         reader_.file().read(tensor.offset, tensor.size_bytes));
    std::vector<float> values(tensor.n_elements);
    if (!dequantize_row(tensor.type, bytes.bytes.data(), values.data(), values.size())) {
        return unsupported("tensor " + tensor.name + ": its type cannot be read");
    }
    return values;
}

// Gains and tables gathered into one buffer, each 256-byte aligned.
class VectorArena {
  public:
    void add(gpu::BufferView* view, const std::vector<float>& values) {
        entries_.push_back({view, bytes_.size(), values.size() * sizeof(float)});
        bytes_.resize(align_up(bytes_.size() + values.size() * sizeof(float), 256));
        std::memcpy(bytes_.data() + entries_.back().offset, values.data(),
                    values.size() * sizeof(float));
    }
    Status upload(gpu::Device& device) {
        device.expect(gpu::Domain::kWeights, bytes_.size());
        ALV_ASSIGN_OR_RETURN(
            const gpu::Buffer buffer,
            device.create_buffer(gpu::Domain::kWeights, bytes_.size(), "gains and rope tables"));
        ALV_RETURN_IF_ERROR(
            device.upload(buffer, [&](uint64_t at, std::span<uint8_t> out) -> Status {
                std::memcpy(out.data(), bytes_.data() + at, out.size());
                return ok_status();
            }));
        for (const Entry& entry : entries_) *entry.view = {buffer, entry.offset, entry.size};
        return ok_status();
    }

  private:
    struct Entry {
        gpu::BufferView* view;
        uint64_t offset;
        uint64_t size;
    };
    std::vector<Entry> entries_;
    std::vector<uint8_t> bytes_;
};

Status add_gain(Uploader& uploader, VectorArena& arena, const VectorPlan& plan,
                gpu::BufferView* view) {
    if (plan.tensor == nullptr) return ok_status();
    ALV_ASSIGN_OR_RETURN(const std::vector<float> values, uploader.floats(*plan.tensor));
    arena.add(view, values);
    return ok_status();
}

// Vectors one behind the other.
Status add_joined(Uploader& uploader, VectorArena& arena,
                  std::initializer_list<const VectorPlan*> parts, gpu::BufferView* view) {
    std::vector<float> joined;
    for (const VectorPlan* part : parts) {
        ALV_ASSIGN_OR_RETURN(const std::vector<float> values, uploader.floats(*part->tensor));
        joined.insert(joined.end(), values.begin(), values.end());
    }
    arena.add(view, joined);
    return ok_status();
}

Status add_layer_gains(Uploader& uploader, VectorArena& arena, const LayerPlan& plan,
                       LayerWeights& layer) {
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.attn_gain, &layer.attn_gain));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.ffn_gain, &layer.ffn_gain));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.post_attn_gain, &layer.post_attn_gain));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.post_ffn_gain, &layer.post_ffn_gain));
    if (plan.q_gain.tensor == nullptr) return ok_status();
    return add_joined(uploader, arena, {&plan.q_gain, &plan.k_gain}, &layer.qk_gain);
}

Status add_layer_biases(Uploader& uploader, VectorArena& arena, const LayerPlan& plan,
                        LayerWeights& layer) {
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.attn_beta, &layer.attn_beta));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.ffn_beta, &layer.ffn_beta));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.out_bias, &layer.out_bias));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.up_bias, &layer.up_bias));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.down_bias, &layer.down_bias));
    return add_joined(uploader, arena, {&plan.q_bias, &plan.k_bias, &plan.v_bias}, &layer.qkv_bias);
}

Status add_encoder_tables(Uploader& uploader, VectorArena& arena, const WeightPlan& plan,
                          WeightSet& set) {
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.embedding_beta, &set.embedding_beta));
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.positions, &set.positions));
    return add_gain(uploader, arena, plan.token_types, &set.token_types);
}

Status add_rope_tables(Uploader& uploader, VectorArena& arena, const HParams& hp,
                       const WeightPlan& plan, uint32_t positions, WeightSet& set) {
    std::vector<float> factors;
    if (plan.rope_factors != nullptr) {
        ALV_ASSIGN_OR_RETURN(factors, uploader.floats(*plan.rope_factors));
        for (const float factor : factors) {
            if (!std::isfinite(factor) || factor <= 0) {
                return corrupt_file("tensor rope_freqs.weight: a factor is not positive");
            }
        }
    }
    const auto base = static_cast<double>(hp.rope_base);
    const auto scale = static_cast<double>(hp.rope_scale);
    arena.add(&set.global_angles, ops::rope_table(positions, hp.rope_dim, base, scale, factors));
    const auto local = static_cast<double>(hp.arch->local_rope_base);
    if (local > 0) {
        arena.add(&set.local_angles, ops::rope_table(positions, hp.rope_dim, local, 1.0, {}));
    }
    return ok_status();
}

}  // namespace

Result<WeightSet> upload_weights(gpu::Device& device, const gguf::Reader& reader, const HParams& hp,
                                 const WeightPlan& plan, uint32_t positions,
                                 const std::function<bool(uint64_t, uint64_t)>& progress) {
    Uploader uploader(device, reader, plan.size_bytes, progress);
    WeightSet set;
    VectorArena arena;
    ALV_ASSIGN_OR_RETURN(set.embedding, uploader.matrix(plan.embedding));
    set.head = set.embedding;
    if (!plan.head.parts.empty()) {
        ALV_ASSIGN_OR_RETURN(set.head, uploader.matrix(plan.head));
    }
    set.layers.resize(plan.layers.size());
    for (size_t i = 0; i < plan.layers.size(); ++i) {
        const LayerPlan& from = plan.layers[i];
        LayerWeights& layer = set.layers[i];
        ALV_ASSIGN_OR_RETURN(layer.qkv, uploader.matrix(from.qkv));
        ALV_ASSIGN_OR_RETURN(layer.out, uploader.matrix(from.out));
        ALV_ASSIGN_OR_RETURN(layer.gate_up, uploader.matrix(from.gate_up));
        ALV_ASSIGN_OR_RETURN(layer.down, uploader.matrix(from.down));
        ALV_RETURN_IF_ERROR(add_layer_gains(uploader, arena, from, layer));
        if (hp.arch->encoder) {
            ALV_RETURN_IF_ERROR(add_layer_biases(uploader, arena, from, layer));
        }
    }
    ALV_RETURN_IF_ERROR(add_gain(uploader, arena, plan.final_gain, &set.final_gain));
    if (hp.arch->encoder) {
        ALV_RETURN_IF_ERROR(add_encoder_tables(uploader, arena, plan, set));
    } else {
        ALV_RETURN_IF_ERROR(add_rope_tables(uploader, arena, hp, plan, positions, set));
    }
    ALV_RETURN_IF_ERROR(arena.upload(device));
    if (!set.local_angles.buffer) set.local_angles = set.global_angles;
    return set;
}

}  // namespace alv::model
