// What reader and writer agree on: constants, bounds, and the size of a tensor.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/dtype.h"
#include "base/status.h"

namespace alv::gguf {

constexpr std::string_view kMagic = "GGUF";
constexpr uint32_t kVersion = 3;  // what the writer makes; 2 has the same layout
constexpr uint32_t kDefaultAlignment = 32;
constexpr std::string_view kAlignmentKey = "general.alignment";

constexpr uint64_t kMaxKeyBytes = 65535;  // the GGUF specification's
constexpr uint64_t kMaxNameBytes = 255;   // the specification says 64; forks write longer ones
constexpr uint32_t kMaxAlignment = 1 << 20;

constexpr bool is_alignment(uint32_t value) {
    return value % 8 == 0 && std::has_single_bit(value) && value <= kMaxAlignment;
}

struct TensorSize {
    uint64_t n_elements = 0;
    uint64_t size_bytes = 0;
};

// Corrupt file, naming the dimension: not 1 to 4 dims, a dim of 0, a row that is not a multiple of
// the type's block, a product that overflows.
Result<TensorSize> measure_tensor(DType type, std::span<const uint64_t> dims);

// `text` in quotes and fit for a message: valid UTF-8, no control characters, at most 64 bytes.
std::string quoted(std::string_view text);

}  // namespace alv::gguf
