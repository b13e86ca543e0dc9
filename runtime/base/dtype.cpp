#include "base/dtype.h"

#include <array>
#include <cstddef>

namespace alv {
namespace {

// Layouts: ggml/src/ggml-common.h of llama.cpp.
constexpr std::array kTraits{
    DTypeTraits{DType::kF32, "F32", 1, 4},
    DTypeTraits{DType::kF16, "F16", 1, 2},
    DTypeTraits{DType::kQ4_0, "Q4_0", 32, 18},
    DTypeTraits{DType::kQ4_1, "Q4_1", 32, 20},
    DTypeTraits{DType::kQ5_0, "Q5_0", 32, 22},
    DTypeTraits{DType::kQ5_1, "Q5_1", 32, 24},
    DTypeTraits{DType::kQ8_0, "Q8_0", 32, 34},
    DTypeTraits{DType::kQ8_1, "Q8_1", 32, 36},
    DTypeTraits{DType::kQ2_K, "Q2_K", 256, 84},
    DTypeTraits{DType::kQ3_K, "Q3_K", 256, 110},
    DTypeTraits{DType::kQ4_K, "Q4_K", 256, 144},
    DTypeTraits{DType::kQ5_K, "Q5_K", 256, 176},
    DTypeTraits{DType::kQ6_K, "Q6_K", 256, 210},
    DTypeTraits{DType::kQ8_K, "Q8_K", 256, 292},
    DTypeTraits{DType::kIQ2_XXS, "IQ2_XXS", 256, 66},
    DTypeTraits{DType::kIQ2_XS, "IQ2_XS", 256, 74},
    DTypeTraits{DType::kIQ3_XXS, "IQ3_XXS", 256, 98},
    DTypeTraits{DType::kIQ1_S, "IQ1_S", 256, 50},
    DTypeTraits{DType::kIQ4_NL, "IQ4_NL", 32, 18},
    DTypeTraits{DType::kIQ3_S, "IQ3_S", 256, 110},
    DTypeTraits{DType::kIQ2_S, "IQ2_S", 256, 82},
    DTypeTraits{DType::kIQ4_XS, "IQ4_XS", 256, 136},
    DTypeTraits{DType::kI8, "I8", 1, 1},
    DTypeTraits{DType::kI16, "I16", 1, 2},
    DTypeTraits{DType::kI32, "I32", 1, 4},
    DTypeTraits{DType::kI64, "I64", 1, 8},
    DTypeTraits{DType::kF64, "F64", 1, 8},
    DTypeTraits{DType::kIQ1_M, "IQ1_M", 256, 56},
    DTypeTraits{DType::kBF16, "BF16", 1, 2},
    DTypeTraits{DType::kTQ1_0, "TQ1_0", 256, 54},
    DTypeTraits{DType::kTQ2_0, "TQ2_0", 256, 66},
    DTypeTraits{DType::kMXFP4, "MXFP4", 32, 17},
};

constexpr uint32_t kMaxType = 39;

constexpr std::array<uint8_t, kMaxType + 1> make_index() {
    std::array<uint8_t, kMaxType + 1> index{};
    index.fill(uint8_t{0xFF});
    for (size_t i = 0; i < kTraits.size(); ++i) {
        index[static_cast<uint32_t>(kTraits[i].type)] = static_cast<uint8_t>(i);
    }
    return index;
}
constexpr auto kIndexOfType = make_index();

}  // namespace

std::optional<DTypeTraits> dtype_traits(uint32_t ggml_type) {
    if (ggml_type > kMaxType || kIndexOfType[ggml_type] == 0xFF) return std::nullopt;
    return kTraits[kIndexOfType[ggml_type]];
}

const DTypeTraits& dtype_traits(DType type) {
    // Every enumerator has a row (a test walks them), so an index out of the table can only be a
    // cast from a number that nobody checked: answer F32 rather than read past the end.
    const auto number = static_cast<uint32_t>(type);
    const bool known = number <= kMaxType && kIndexOfType[number] != 0xFF;
    return kTraits[known ? kIndexOfType[number] : 0];
}

}  // namespace alv
