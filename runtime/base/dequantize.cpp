// One function a format, in the order of ggml-quants.c: the same float operations in the same
// order, so that results are equal to the bit.
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "base/dtype.h"
#include "base/k_quant.h"

namespace alv {
namespace {

uint16_t load_u16(const uint8_t* p) {
    return static_cast<uint16_t>(p[0] | (p[1] << 8));
}
uint32_t load_u32(const uint8_t* p) {
    return static_cast<uint32_t>(load_u16(p)) | (static_cast<uint32_t>(load_u16(p + 2)) << 16);
}
float load_half(const uint8_t* p) {
    return half_to_float(load_u16(p));
}
float to_float(int value) {
    return static_cast<float>(value);
}

void block_f32(const uint8_t* b, float* out) {
    out[0] = std::bit_cast<float>(load_u32(b));
}
void block_f16(const uint8_t* b, float* out) {
    out[0] = load_half(b);
}
void block_bf16(const uint8_t* b, float* out) {
    out[0] = std::bit_cast<float>(static_cast<uint32_t>(load_u16(b)) << 16);
}

// {half d; u8 qs[16]}: element j is the low nibble of qs[j], element j + 16 the high one.
void block_q4_0(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const uint8_t* qs = b + 2;
    for (int j = 0; j < 16; ++j) {
        out[j] = to_float((qs[j] & 0xF) - 8) * d;
        out[j + 16] = to_float((qs[j] >> 4) - 8) * d;
    }
}

// {half d; half m; u8 qs[16]}
void block_q4_1(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const float m = load_half(b + 2);
    const uint8_t* qs = b + 4;
    for (int j = 0; j < 16; ++j) {
        out[j] = to_float(qs[j] & 0xF) * d + m;
        out[j + 16] = to_float(qs[j] >> 4) * d + m;
    }
}

// Element j of a Q5_0 or Q5_1 block: four bits from qs, the fifth is bit j of qh.
int q5_low(const uint8_t* qs, uint32_t qh, int j) {
    return (qs[j] & 0xF) | static_cast<int>(((qh >> j) & 1U) << 4);
}
int q5_high(const uint8_t* qs, uint32_t qh, int j) {
    return (qs[j] >> 4) | static_cast<int>(((qh >> (j + 16)) & 1U) << 4);
}

// {half d; u32 qh; u8 qs[16]}
void block_q5_0(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const uint32_t qh = load_u32(b + 2);
    const uint8_t* qs = b + 6;
    for (int j = 0; j < 16; ++j) {
        out[j] = to_float(q5_low(qs, qh, j) - 16) * d;
        out[j + 16] = to_float(q5_high(qs, qh, j) - 16) * d;
    }
}

// {half d; half m; u32 qh; u8 qs[16]}
void block_q5_1(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const float m = load_half(b + 2);
    const uint32_t qh = load_u32(b + 4);
    const uint8_t* qs = b + 8;
    for (int j = 0; j < 16; ++j) {
        out[j] = to_float(q5_low(qs, qh, j)) * d + m;
        out[j + 16] = to_float(q5_high(qs, qh, j)) * d + m;
    }
}

// {half d; i8 qs[32]}
void block_q8_0(const uint8_t* b, float* out) {
    const float d = load_half(b);
    for (int j = 0; j < 32; ++j) out[j] = to_float(static_cast<int8_t>(b[2 + j])) * d;
}

// {half d; half dmin; u8 scales[12]; u8 qs[128]}: eight groups of 32; groups 2i and 2i + 1 are
// the low and high nibbles of qs[32i..32i + 31].
void block_q4_k(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const float dmin = load_half(b + 2);
    const uint8_t* qs = b + 16;
    for (int group = 0; group < 8; ++group) {
        const KScale s = k_scale(b + 4, static_cast<uint32_t>(group));
        const float scale = d * to_float(s.scale);
        const float min = dmin * to_float(s.min);
        const int shift = (group % 2) * 4;
        const uint8_t* q = qs + (group / 2) * 32;
        for (int l = 0; l < 32; ++l) {
            out[group * 32 + l] = scale * to_float((q[l] >> shift) & 0xF) - min;
        }
    }
}

// {half d; half dmin; u8 scales[12]; u8 qh[32]; u8 qs[128]}: as Q4_K, and bit `group` of qh[l]
// is the fifth bit.
void block_q5_k(const uint8_t* b, float* out) {
    const float d = load_half(b);
    const float dmin = load_half(b + 2);
    const uint8_t* qh = b + 16;
    const uint8_t* qs = b + 48;
    for (int group = 0; group < 8; ++group) {
        const KScale s = k_scale(b + 4, static_cast<uint32_t>(group));
        const float scale = d * to_float(s.scale);
        const float min = dmin * to_float(s.min);
        const int shift = (group % 2) * 4;
        const uint8_t* q = qs + (group / 2) * 32;
        for (int l = 0; l < 32; ++l) {
            const int value = ((q[l] >> shift) & 0xF) + (((qh[l] >> group) & 1) << 4);
            out[group * 32 + l] = scale * to_float(value) - min;
        }
    }
}

// {u8 ql[128]; u8 qh[64]; i8 scales[16]; half d}: two halves of 128 elements, each four groups of
// 32 that share 64 bytes of ql and 32 bytes of qh; a scale serves 16 elements.
void block_q6_k(const uint8_t* b, float* out) {
    const float d = load_half(b + 208);
    for (int half = 0; half < 2; ++half) {
        const uint8_t* ql = b + half * 64;
        const uint8_t* qh = b + 128 + half * 32;
        const uint8_t* scales = b + 192 + half * 8;
        for (int group = 0; group < 4; ++group) {
            const uint8_t* low = ql + (group % 2) * 32;
            const int shift = (group / 2) * 4;
            for (int l = 0; l < 32; ++l) {
                const int high = (qh[l] >> (group * 2)) & 3;
                const int q = (((low[l] >> shift) & 0xF) | (high << 4)) - 32;
                const auto scale = static_cast<int8_t>(scales[group * 2 + l / 16]);
                out[half * 128 + group * 32 + l] = d * to_float(scale) * to_float(q);
            }
        }
    }
}

using BlockFn = void (*)(const uint8_t*, float*);
struct Row {
    DType type;
    BlockFn block;
};
constexpr std::array kDequantizers{
    Row{DType::kF32, block_f32},   Row{DType::kF16, block_f16},   Row{DType::kBF16, block_bf16},
    Row{DType::kQ4_0, block_q4_0}, Row{DType::kQ4_1, block_q4_1}, Row{DType::kQ5_0, block_q5_0},
    Row{DType::kQ5_1, block_q5_1}, Row{DType::kQ8_0, block_q8_0}, Row{DType::kQ4_K, block_q4_k},
    Row{DType::kQ5_K, block_q5_k}, Row{DType::kQ6_K, block_q6_k},
};

}  // namespace

bool dequantize_row(DType type, const void* blocks, float* out, uint64_t n) {
    for (const Row& row : kDequantizers) {
        if (row.type != type) continue;
        const DTypeTraits& traits = dtype_traits(type);
        if (n % traits.block_elements != 0) return false;
        const auto* bytes = static_cast<const uint8_t*>(blocks);
        for (uint64_t i = 0; i < n; i += traits.block_elements, bytes += traits.block_bytes) {
            row.block(bytes, out + i);
        }
        return true;
    }
    return false;
}

}  // namespace alv
