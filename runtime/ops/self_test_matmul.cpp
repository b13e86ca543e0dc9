// Self-tests of the kernels that read weights.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/checked.h"
#include "ops/embed.h"
#include "ops/matmul.h"
#include "ops/repack.h"
#include "ops/self_test_bed.h"

namespace alv::ops {

namespace {

constexpr uint32_t kRows = 36;  // more than a tile, and less than two
constexpr uint32_t kK = 256;    // a block of the widest type
// K-quants round products of their scales to f16: half of 2^-10.
constexpr float kTolerance = 2e-3f;

struct FormatRow {
    std::string_view name;
    DType type;           // one that comes to the device in this format
    uint32_t first_half;  // of the f16 scales in a block
    uint32_t n_halves;
};

constexpr std::array<FormatRow, kWeightFormatCount> kFormats{{
    {"q4", DType::kQ4_1, 0, 2},
    {"q4s", DType::kQ4_0, 0, 1},
    {"q5", DType::kQ5_1, 0, 2},
    {"q5s", DType::kQ5_0, 0, 1},
    {"q6", DType::kQ6_K, 208, 1},
    {"q8s", DType::kQ8_0, 0, 1},
    {"f16", DType::kF16, 0, 1},
    {"bf16", DType::kBF16, 0, 1},
    {"f32", DType::kF32, 0, 0},
}};

// "matmul_share_q4" ends in its format.
const FormatRow* format_of(std::string_view shader) {
    const std::string_view name = shader.substr(shader.rfind('_') + 1);
    const auto row = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](const FormatRow& it) { return it.name == name; });
    return row == kFormats.end() ? nullptr : &*row;
}

// Blocks of (kRows, kK), and the same as floats.
struct Matrix {
    std::vector<uint8_t> blocks;
    std::vector<float> dense;
};

Matrix make_matrix(const FormatRow& format, TestNumbers& numbers) {
    const DTypeTraits& traits = dtype_traits(format.type);
    const uint64_t n_blocks = uint64_t{kRows} * kK / traits.block_elements;
    Matrix m;
    m.blocks.resize(n_blocks * traits.block_bytes);
    for (uint8_t& byte : m.blocks) byte = static_cast<uint8_t>(numbers.bits());
    for (uint64_t b = 0; b < n_blocks; ++b) {
        uint8_t* const block = m.blocks.data() + b * traits.block_bytes;
        const bool quantized = traits.block_elements > 1;
        const float value = quantized ? numbers.in(0.005f, 0.02f) : numbers.in(-0.5f, 0.5f);
        uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        if (format.type == DType::kF32) std::memcpy(block, &bits, sizeof bits);
        const uint16_t half =
            format.type == DType::kBF16 ? static_cast<uint16_t>(bits >> 16) : float_to_half(value);
        for (uint32_t i = 0; i < format.n_halves; ++i) {
            std::memcpy(block + format.first_half + i * sizeof half, &half, sizeof half);
        }
    }
    m.dense.resize(size_t{kRows} * kK);
    dequantize_row(format.type, m.blocks.data(), m.dense.data(), m.dense.size());
    return m;
}

// On the device, as a load repacks it. With `up` the weight is gated.
Weight put_weight(TestBed& bed, const FormatRow& format, const Matrix& matrix,
                  const Matrix* up = nullptr) {
    const uint32_t passes = up != nullptr ? 2 : 1;
    const uint64_t n_tiles = div_up(kRows, shared::kTileRows) * passes;
    WeightChunk chunk;
    const auto known = weight_format_for(format.type);
    if (!known.ok()) {
        bed.note(known.status());
        return {};
    }
    chunk.format = *known;
    chunk.n_rows = kRows;
    const ChunkLayout layout = chunk_layout(chunk.format, n_tiles, kK);
    const uint64_t row_bytes = matrix.blocks.size() / kRows;
    std::vector<uint8_t> bytes(layout.size_bytes);
    for (uint64_t tile = 0; tile < n_tiles; ++tile) {
        const Matrix& from = up != nullptr && tile % 2 == 1 ? *up : matrix;
        std::array<const uint8_t*, 32> rows{};
        for (uint64_t r = 0; r < rows.size(); ++r) {
            const uint64_t row = tile / passes * rows.size() + r;
            if (row < kRows) rows[r] = from.blocks.data() + row * row_bytes;
        }
        repack_tile(format.type, rows, kK,
                    {bytes.data() + tile * layout.tile_quant_bytes, layout.tile_quant_bytes},
                    {bytes.data() + layout.scales_offset + tile * layout.tile_scale_bytes,
                     layout.tile_scale_bytes});
    }
    const gpu::BufferView all = bed.put(bytes);
    chunk.quants = {all.buffer, all.offset, layout.tile_quant_bytes * n_tiles};
    chunk.scales = chunk.quants;
    if (layout.tile_scale_bytes != 0) {
        chunk.scales = {all.buffer, all.offset + layout.scales_offset,
                        layout.tile_scale_bytes * n_tiles};
    }
    return {kRows, kK, up != nullptr, {chunk}};
}

float product(const Matrix& m, const float* x, uint32_t row) {
    double sum = 0;
    for (uint32_t i = 0; i < kK; ++i) {
        sum += static_cast<double>(m.dense[size_t{row} * kK + i]) * static_cast<double>(x[i]);
    }
    return static_cast<float>(sum);
}

float inverse_rms(const float* h, float epsilon) {
    double sum = 0;
    for (uint32_t i = 0; i < kK; ++i) sum += static_cast<double>(h[i]) * static_cast<double>(h[i]);
    return static_cast<float>(1 / std::sqrt(sum / kK + static_cast<double>(epsilon)));
}

}  // namespace

// The residual sum with the gained copy, and the normed gated product: together all that a decoder
// folds into a product. x has rows past the step's tokens: whole columns are read.
void test_matmul(const gpu::KernelKey& key, TestBed& bed) {
    const FormatRow* const format = format_of(key.shader);
    if (format == nullptr) return bed.note(internal_error("no weight format: " + key.shader));
    TestNumbers numbers(1);
    const uint32_t columns = key.constants[1];
    const uint32_t n = columns + 2;  // tokens
    const Matrix a = make_matrix(*format, numbers);
    const Matrix b = make_matrix(*format, numbers);
    const auto x = numbers.floats(size_t{columns} * 2 * kK + 2 * kK);
    const auto h = numbers.floats(x.size(), 3.0f);
    const auto residual = numbers.floats(size_t{n} * kRows);
    const auto gain = numbers.floats(kRows);
    std::vector<float> sum(residual);
    std::vector<float> gained(sum.size());
    std::vector<float> gated(sum.size());
    for (uint32_t t = 0; t < n; ++t) {
        const float* const row_x = &x[size_t{t} * kK];
        const float factor = inverse_rms(&h[size_t{t} * kK], 1e-5f);
        for (uint32_t row = 0; row < kRows; ++row) {
            const size_t at = size_t{t} * kRows + row;
            const float gate = product(a, row_x, row);
            sum[at] += gate;
            gained[at] = sum[at] * gain[row];
            const float normed = gate * factor;
            gated[at] = normed / (1 + std::exp(-normed)) * product(b, row_x, row) * factor;
        }
    }
    shared::Step step{};
    step.n_tokens = n;
    MatmulArgs args;
    args.x = bed.put(x);
    args.step = bed.step(step);

    const Weight plain = put_weight(bed, *format, a);
    args.weight = &plain;
    args.y = bed.put(residual);
    args.add = true;
    args.gain = bed.put(gain);
    args.gained = bed.floats(sum.size());
    bed.note(record_matmul(bed.device(), bed.recorder(), args, columns, n));
    bed.expect(args.y, sum, kTolerance);
    bed.expect(args.gained, gained, kTolerance);

    const Weight pairs = put_weight(bed, *format, a, &b);
    args.weight = &pairs;
    args.add = false;
    args.norm = true;
    args.h = bed.put(h);
    args.epsilon = 1e-5f;
    args.y = bed.floats(gated.size());
    bed.note(record_matmul(bed.device(), bed.recorder(), args, columns, n));
    bed.expect(args.y, gated, kTolerance);
}

void test_embed(const gpu::KernelKey& key, TestBed& bed) {
    const FormatRow* const format = format_of(key.shader);
    if (format == nullptr) return bed.note(internal_error("no weight format: " + key.shader));
    TestNumbers numbers(2);
    constexpr float kScale = 3.0f;
    const std::vector<uint32_t> tokens{0, kRows - 1, 7};
    const Matrix matrix = make_matrix(*format, numbers);
    const Weight weight = put_weight(bed, *format, matrix);
    const auto gain = numbers.floats(kK);
    std::vector<float> h(tokens.size() * kK);
    std::vector<float> gained(h.size());
    for (size_t i = 0; i < h.size(); ++i) {
        h[i] = matrix.dense[size_t{tokens[i / kK]} * kK + i % kK] * kScale;
        gained[i] = h[i] * gain[i % kK];
    }
    shared::Step step{};
    step.n_tokens = static_cast<uint32_t>(tokens.size());
    EmbedArgs args;
    args.weight = &weight;
    args.tokens = bed.put(tokens);
    args.gain = bed.put(gain);
    args.h = bed.floats(h.size());
    args.gained = bed.floats(h.size());
    args.step = bed.step(step);
    args.scale = kScale;
    bed.note(record_embed(bed.device(), bed.recorder(), args, step.n_tokens + 1));
    bed.expect(args.h, std::move(h), kTolerance);
    bed.expect(args.gained, std::move(gained), kTolerance);
}

}  // namespace alv::ops
