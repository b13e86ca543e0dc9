// What the K formats (Q4_K, Q5_K) pack so tightly that more than one reader would be one too many.
#pragma once

#include <cstdint>

namespace alv {

struct KScale {
    uint8_t scale, min;
};

// Scale and minimum of `group` (0..7), six bits each, of the 12 bytes that hold all eight.
constexpr KScale k_scale(const uint8_t* packed, uint32_t group) {
    if (group < 4) {
        return {static_cast<uint8_t>(packed[group] & 63),
                static_cast<uint8_t>(packed[group + 4] & 63)};
    }
    return {static_cast<uint8_t>((packed[group + 4] & 15) | ((packed[group - 4] >> 6) << 4)),
            static_cast<uint8_t>((packed[group + 4] >> 4) | ((packed[group] >> 6) << 4))};
}

}  // namespace alv
