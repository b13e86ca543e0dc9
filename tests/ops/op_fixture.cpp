#include "ops/op_fixture.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "ops/repack.h"

namespace alv::ops::test {

namespace {

std::shared_ptr<gpu::Device> open(const gpu::PlanOverrides& overrides) {
    gpu::DeviceOptions options;
    options.plan = overrides;
    auto device = gpu::Device::create(options, std::make_shared<Log>());
    EXPECT_TRUE(device.ok()) << device.status().message();
    return device.ok() ? *device : nullptr;
}

}  // namespace

const std::vector<Tier>& all_tiers() {
    static const std::vector<Tier> tiers = [] {
        std::vector<Tier> list;
        list.push_back({"chosen", open({})});
        gpu::PlanOverrides plain;
        plain.tier = "plain";
        list.push_back({"plain", open(plain)});
        gpu::PlanOverrides wide = plain;
        wide.row_lanes = 32;
        wide.reduce_lanes = 128;
        wide.matmul_columns = 4;
        list.push_back({"plain, 32 lanes", open(wide)});
        const gpu::Caps& caps = list[0].device->caps();
        if (caps.subgroup_shuffle && caps.subgroup_size == 8) {
            gpu::PlanOverrides subgroup;
            subgroup.tier = "subgroup";
            list.push_back({"subgroup", open(subgroup)});
        }
        return list;
    }();
    return tiers;
}

const std::vector<Tier>& lane_tiers() {
    static const std::vector<Tier> tiers = [] {
        std::vector<Tier> list;
        for (const Tier& tier : all_tiers()) {
            const gpu::Plan& plan = tier.device->plan();
            const bool known = std::any_of(list.begin(), list.end(), [&](const Tier& other) {
                const gpu::Plan& its = other.device->plan();
                return its.row_lanes == plan.row_lanes && its.reduce_lanes == plan.reduce_lanes;
            });
            if (!known) list.push_back(tier);
        }
        return list;
    }();
    return tiers;
}

gpu::Buffer make_step(gpu::Device& device, shared::Step step) {
    if (step.n_own == 0) step.n_own = step.n_tokens;
    return make_buffer(device, std::vector<shared::Step>{step});
}

std::vector<float> random_floats(size_t n, uint32_t seed, float scale) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, scale);
    std::vector<float> values(n);
    for (float& value : values) value = normal(random);
    return values;
}

namespace {

// Where the f16 scales of a block lie, and how many follow each other.
struct ScalePlace {
    uint32_t offset;
    uint32_t count;
};

ScalePlace scales_of(DType type) {
    switch (type) {
        case DType::kQ4_1:
        case DType::kQ5_1:
        case DType::kQ4_K:
        case DType::kQ5_K:
            return {0, 2};
        case DType::kQ6_K:
            return {208, 1};
        default:
            return {0, 1};
    }
}

}  // namespace

std::vector<uint8_t> random_blocks(DType type, uint64_t n_rows, uint64_t k, uint32_t seed) {
    const DTypeTraits& traits = dtype_traits(type);
    const uint64_t n_blocks = n_rows * k / traits.block_elements;
    std::mt19937 random(seed);
    std::vector<uint8_t> bytes(n_blocks * traits.block_bytes);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    std::uniform_real_distribution<float> scale(0.001f, 0.02f);
    const auto put = [&](uint64_t at, float value, bool bf16) {
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        const uint16_t half = bf16 ? static_cast<uint16_t>(bits >> 16) : float_to_half(value);
        std::memcpy(bytes.data() + at, &half, 2);
    };
    for (uint64_t b = 0; b < n_blocks; ++b) {
        const uint64_t at = b * traits.block_bytes;
        const float sign = random() % 2 == 0 ? 1.0f : -1.0f;
        if (type == DType::kF32) {
            const float value = sign * scale(random) * 30;
            std::memcpy(bytes.data() + at, &value, 4);
            continue;
        }
        const bool is_float = type == DType::kF16 || type == DType::kBF16;
        const ScalePlace place = scales_of(type);
        for (uint32_t i = 0; i < place.count; ++i) {
            put(at + place.offset + i * 2, sign * scale(random) * (is_float ? 30.0f : 1.0f),
                type == DType::kBF16);
        }
    }
    return bytes;
}

std::vector<float> dequantized(DType type, const std::vector<uint8_t>& blocks, uint64_t n_rows,
                               uint64_t k) {
    std::vector<float> values(n_rows * k);
    EXPECT_TRUE(dequantize_row(type, blocks.data(), values.data(), values.size()));
    return values;
}

Weight make_weight(gpu::Device& device, DType type, const std::vector<uint8_t>& blocks,
                   uint32_t n_rows, uint32_t k, uint32_t rows_each,
                   const std::vector<uint8_t>* up) {
    Weight weight;
    weight.n_rows = n_rows;
    weight.k = k;
    weight.gated = up != nullptr;
    const uint64_t row_bytes = blocks.size() / n_rows;
    const uint32_t passes = up != nullptr ? 2 : 1;
    for (uint32_t first = 0; first < n_rows; first += rows_each) {
        WeightChunk chunk;
        chunk.format = *weight_format_for(type);
        chunk.first_row = first;
        chunk.n_rows = std::min(rows_each, n_rows - first);
        const uint64_t n_tiles = div_up(chunk.n_rows, 32) * passes;
        const ChunkLayout layout = chunk_layout(chunk.format, n_tiles, k);
        std::vector<uint8_t> bytes(layout.size_bytes);
        for (uint64_t tile = 0; tile < n_tiles; ++tile) {
            std::array<const uint8_t*, 32> rows{};
            const uint8_t* const base = passes == 2 && tile % 2 == 1 ? up->data() : blocks.data();
            for (uint64_t r = 0; r < 32; ++r) {
                const uint64_t in_chunk = tile / passes * 32 + r;
                if (in_chunk < chunk.n_rows) rows[r] = base + (first + in_chunk) * row_bytes;
            }
            repack_tile(type, rows, k,
                        {bytes.data() + tile * layout.tile_quant_bytes, layout.tile_quant_bytes},
                        {bytes.data() + layout.scales_offset + tile * layout.tile_scale_bytes,
                         layout.tile_scale_bytes});
        }
        const gpu::Buffer buffer = make_buffer(device, bytes);
        chunk.quants = {buffer, 0, layout.tile_quant_bytes * n_tiles};
        chunk.scales =
            layout.tile_scale_bytes == 0
                ? chunk.quants
                : gpu::BufferView(buffer, layout.scales_offset, layout.tile_scale_bytes * n_tiles);
        weight.chunks.push_back(chunk);
    }
    return weight;
}

void expect_close(const std::vector<float>& got, const std::vector<float>& want, float tolerance,
                  const std::string& what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    float largest = 0;
    for (const float value : want) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_TRUE(std::isfinite(got[i])) << what << " at " << i;
        ASSERT_NEAR(got[i], want[i], tolerance * std::max(largest, 1e-6f)) << what << " at " << i;
    }
}

}  // namespace alv::ops::test
