// Element types of GGUF tensors and the layout of their blocks, as ggml defines them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace alv {

// The numbers are GGUF's own (ggml_type).
enum class DType : uint32_t {
    kF32 = 0,
    kF16 = 1,
    kQ4_0 = 2,
    kQ4_1 = 3,
    kQ5_0 = 6,
    kQ5_1 = 7,
    kQ8_0 = 8,
    kQ8_1 = 9,
    kQ2_K = 10,
    kQ3_K = 11,
    kQ4_K = 12,
    kQ5_K = 13,
    kQ6_K = 14,
    kQ8_K = 15,
    kIQ2_XXS = 16,
    kIQ2_XS = 17,
    kIQ3_XXS = 18,
    kIQ1_S = 19,
    kIQ4_NL = 20,
    kIQ3_S = 21,
    kIQ2_S = 22,
    kIQ4_XS = 23,
    kI8 = 24,
    kI16 = 25,
    kI32 = 26,
    kI64 = 27,
    kF64 = 28,
    kIQ1_M = 29,
    kBF16 = 30,
    kTQ1_0 = 34,
    kTQ2_0 = 35,
    kMXFP4 = 39,
};

struct DTypeTraits {
    DType type;
    std::string_view name;    // "Q4_K"
    uint32_t block_elements;  // elements of one block
    uint32_t block_bytes;     // bytes of one block
};

// nullopt for a number that no known type has.
std::optional<DTypeTraits> dtype_traits(uint32_t ggml_type);
const DTypeTraits& dtype_traits(DType type);

float half_to_float(uint16_t bits);
uint16_t float_to_half(float value);  // round to nearest even

// Dequantizes one row of n elements (n is a multiple of the block). Supported: F32, F16, BF16,
// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K; false for any other type.
bool dequantize_row(DType type, const void* blocks, float* out, uint64_t n);

}  // namespace alv
