#include "ops/repack.h"

#include <cstring>

#include "base/k_quant.h"

namespace alv::ops {

namespace {

// 32 values of one row: raw integers with scale and min for each half (weight = raw * scale + min).
struct Block {
    std::array<uint8_t, 32> raw;
    std::array<uint16_t, 2> scale;  // f16 bits
    uint16_t min;                   // f16 bits
};

uint16_t load16(const uint8_t* p) {
    uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

uint32_t load32(const uint8_t* p) {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// The low halves of 16 bytes are values 0 .. 15, the high halves 16 .. 31.
void nibbles(const uint8_t* q, Block& out) {
    for (uint32_t i = 0; i < 16; ++i) {
        out.raw[i] = q[i] & 15;
        out.raw[i + 16] = static_cast<uint8_t>(q[i] >> 4);
    }
}

void fifth_bits(const uint8_t* h, Block& out) {
    const uint32_t bits = load32(h);
    for (uint32_t i = 0; i < 32; ++i) out.raw[i] |= static_cast<uint8_t>((bits >> i & 1) << 4);
}

void read_q4_0(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* block = row + b * 18;
    out.scale[0] = load16(block);
    nibbles(block + 2, out);
}

void read_q4_1(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* block = row + b * 20;
    out.scale[0] = load16(block);
    out.min = load16(block + 2);
    nibbles(block + 4, out);
}

void read_q5_0(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* block = row + b * 22;
    out.scale[0] = load16(block);
    nibbles(block + 6, out);
    fifth_bits(block + 2, out);
}

void read_q5_1(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* block = row + b * 24;
    out.scale[0] = load16(block);
    out.min = load16(block + 2);
    nibbles(block + 8, out);
    fifth_bits(block + 4, out);
}

void read_q8_0(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* block = row + b * 34;
    out.scale[0] = load16(block);
    std::memcpy(out.raw.data(), block + 2, 32);
}

// Q4_K and Q5_K: d and dmin of 256 values, then 8 pairs of 6-bit (scale, min) in 12 bytes.
void k_scales(const uint8_t* super, uint32_t sub, Block& out) {
    const KScale s = k_scale(super + 4, sub);
    out.scale[0] = float_to_half(half_to_float(load16(super)) * static_cast<float>(s.scale));
    out.min = float_to_half(-half_to_float(load16(super + 2)) * static_cast<float>(s.min));
}

// In each 64 values, the low nibbles of 32 bytes come first, then the high ones.
void k_nibbles(const uint8_t* q, uint32_t sub, Block& out) {
    const uint8_t* bytes = q + sub / 2 * 32;
    for (uint32_t i = 0; i < 32; ++i) {
        out.raw[i] = sub % 2 == 0 ? bytes[i] & 15 : static_cast<uint8_t>(bytes[i] >> 4);
    }
}

void read_q4_k(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* super = row + b / 8 * 144;
    const auto sub = static_cast<uint32_t>(b % 8);
    k_scales(super, sub, out);
    k_nibbles(super + 16, sub, out);
}

void read_q5_k(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* super = row + b / 8 * 176;
    const auto sub = static_cast<uint32_t>(b % 8);
    k_scales(super, sub, out);
    k_nibbles(super + 48, sub, out);
    for (uint32_t i = 0; i < 32; ++i) {
        out.raw[i] |= static_cast<uint8_t>((super[16 + i] >> sub & 1) << 4);
    }
}

void read_q6_k(const uint8_t* row, uint64_t b, Block& out) {
    const uint8_t* super = row + b / 8 * 210;
    const auto sub = static_cast<uint32_t>(b % 8);
    const uint8_t* low = super + sub / 4 * 64 + sub % 2 * 32;
    const uint8_t* high = super + 128 + sub / 4 * 32;
    for (uint32_t i = 0; i < 32; ++i) {
        const uint32_t nibble = sub % 4 < 2 ? low[i] & 15u : low[i] >> 4;
        out.raw[i] = static_cast<uint8_t>(nibble | (high[i] >> (sub % 4 * 2) & 3u) << 4);
    }
    const float d = half_to_float(load16(super + 208));
    for (uint32_t half = 0; half < 2; ++half) {
        const auto scale = static_cast<int8_t>(super[192 + sub * 2 + half]);
        out.scale[half] = float_to_half(d * static_cast<float>(scale));
    }
}

using ReadBlock = void (*)(const uint8_t* row, uint64_t b, Block& out);

ReadBlock reader_of(DType type) {
    switch (type) {
        case DType::kQ4_0:
            return read_q4_0;
        case DType::kQ4_1:
            return read_q4_1;
        case DType::kQ5_0:
            return read_q5_0;
        case DType::kQ5_1:
            return read_q5_1;
        case DType::kQ8_0:
            return read_q8_0;
        case DType::kQ4_K:
            return read_q4_k;
        case DType::kQ5_K:
            return read_q5_k;
        case DType::kQ6_K:
            return read_q6_k;
        default:
            return nullptr;
    }
}

// Where the 32-bit word of (quad, row) of a block lies.
uint8_t* word_at(uint8_t* block, uint32_t quad, uint32_t row) {
    return block + (quad * 32 + row) * 4;
}

void store_word(uint8_t* block, uint32_t quad, uint32_t row, uint32_t word) {
    std::memcpy(word_at(block, quad, row), &word, sizeof word);
}

void store_bits(WeightFormat format, const Block& block, uint32_t row, uint8_t* out) {
    if (format == WeightFormat::kQ8S) {
        for (uint32_t q = 0; q < 8; ++q) store_word(out, q, row, load32(&block.raw[q * 4]));
        return;
    }
    for (uint32_t o = 0; o < 4; ++o) {
        uint32_t word = 0;
        for (uint32_t j = 0; j < 8; ++j) word |= (block.raw[o * 8 + j] & 15u) << (4 * j);
        store_word(out, o, row, word);
    }
    if (format == WeightFormat::kQ5 || format == WeightFormat::kQ5S) {
        uint32_t word = 0;
        for (uint32_t k = 0; k < 32; ++k) word |= (block.raw[k] >> 4 & 1u) << k;
        store_word(out, 4, row, word);
    }
    if (format == WeightFormat::kQ6) {
        for (uint32_t half = 0; half < 2; ++half) {
            uint32_t word = 0;
            for (uint32_t k = 0; k < 16; ++k) {
                word |= (block.raw[half * 16 + k] >> 4 & 3u) << (2 * k);
            }
            store_word(out, 4 + half, row, word);
        }
    }
}

void store_scales(const WeightFormatTraits& traits, const Block& block, uint32_t row,
                  uint8_t* out) {
    if (traits.scale_bytes == 8) {
        std::memcpy(out + row * 2, &block.scale[0], 2);
        return;
    }
    std::memcpy(out + row * 4, &block.scale[0], 2);
    const uint16_t second = traits.format == WeightFormat::kQ6 ? block.scale[1] : block.min;
    std::memcpy(out + row * 4 + 2, &second, 2);
}

// Floats: every row's 32-bit words in order, one quad after the other.
void copy_floats(const std::array<const uint8_t*, 32>& rows, uint64_t n_quads, uint8_t* out) {
    for (uint64_t quad = 0; quad < n_quads; ++quad) {
        for (uint32_t r = 0; r < 32; ++r) {
            uint32_t word = 0;
            if (rows[r] != nullptr) word = load32(rows[r] + quad * 4);
            std::memcpy(out + (quad * 32 + r) * 4, &word, sizeof word);
        }
    }
}

}  // namespace

void repack_tile(DType type, const std::array<const uint8_t*, 32>& rows, uint64_t k,
                 std::span<uint8_t> quants, std::span<uint8_t> scales) {
    const ReadBlock read = reader_of(type);
    if (read == nullptr) {
        copy_floats(rows, type == DType::kF32 ? k : k / 2, quants.data());
        return;
    }
    const auto format = weight_format_for(type);
    const WeightFormatTraits& traits = weight_format_traits(*format);
    const uint64_t block_bytes = traits.quads * 8ull * 16;
    const uint64_t block_scales = traits.scale_bytes * 8ull;
    for (uint64_t b = 0; b < k / 32; ++b) {
        for (uint32_t r = 0; r < 32; ++r) {
            Block block{};
            if (rows[r] != nullptr) read(rows[r], b, block);
            store_bits(*format, block, r, quants.data() + b * block_bytes);
            store_scales(traits, block, r, scales.data() + b * block_scales);
        }
    }
}

}  // namespace alv::ops
