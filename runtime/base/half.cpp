// IEEE 754 binary16 <-> binary32 without hardware support.
#include <bit>

#include "base/dtype.h"

namespace alv {

float half_to_float(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1FU;
    const uint32_t mantissa = bits & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
    if (exponent != 0) {
        return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
    }
    // Zero or subnormal: mantissa * 2^-24, which binary32 holds exactly.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
}

uint16_t float_to_half(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) {  // NaN: keep the top payload bits, and make it quiet
        return static_cast<uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x1FFU));
    }
    if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // rounds to inf
    if (magnitude < 0x38800000U) {
        // Below the least normal half. Adding 0.5 makes the ulp of the sum 2^-24, the step of
        // subnormal halves, so the addition itself rounds to nearest even.
        const float sum = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - 0x3F000000U));
    }
    const uint32_t odd = (magnitude >> 13) & 1U;
    const uint32_t rounded = magnitude + 0xFFFU + odd;
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

}  // namespace alv
