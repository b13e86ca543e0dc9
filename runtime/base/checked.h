// Overflow-safe arithmetic on sizes that come from a file or a caller.
#pragma once

#include <cstdint>
#include <optional>

namespace alv {

inline std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) {
    const uint64_t sum = a + b;
    return sum < a ? std::nullopt : std::optional<uint64_t>(sum);
}

inline std::optional<uint64_t> checked_mul(uint64_t a, uint64_t b) {
    if (a != 0 && b > UINT64_MAX / a) return std::nullopt;
    return a * b;
}

// Rounds up to a multiple of `alignment` (a power of two).
inline std::optional<uint64_t> checked_align_up(uint64_t value, uint64_t alignment) {
    const auto sum = checked_add(value, alignment - 1);
    return sum ? std::optional<uint64_t>(*sum & ~(alignment - 1)) : std::nullopt;
}

constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}
constexpr uint64_t div_up(uint64_t value, uint64_t by) {
    return (value + by - 1) / by;
}

}  // namespace alv
