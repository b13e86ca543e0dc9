#include "gguf/limits.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "base/utf8.h"

namespace alv::gguf {
namespace {

// A dim, and the product of all, stay below this: signed arithmetic on them is safe then.
constexpr auto kMaxElements = static_cast<uint64_t>(INT64_MAX);

}  // namespace

Result<TensorSize> measure_tensor(DType type, std::span<const uint64_t> dims) {
    if (dims.empty() || dims.size() > 4) {
        return corrupt_file("n_dims is " + std::to_string(dims.size()) + ", not 1 to 4");
    }
    std::optional<uint64_t> n = 1;
    for (size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == 0 || dims[i] > kMaxElements) {
            return corrupt_file("dims[" + std::to_string(i) + "] is " + std::to_string(dims[i]));
        }
        n = n ? checked_mul(*n, dims[i]) : n;
    }
    const DTypeTraits& traits = dtype_traits(type);
    if (dims[0] % traits.block_elements != 0) {
        return corrupt_file("dims[0] is " + std::to_string(dims[0]) +
                            ", not a multiple of the block of " +
                            std::to_string(traits.block_elements) + " elements of type " +
                            std::string(traits.name));
    }
    const auto size = n ? checked_mul(*n / traits.block_elements, traits.block_bytes) : n;
    if (!size || *n > kMaxElements) return corrupt_file("the product of dims overflows");
    return TensorSize{*n, *size};
}

std::string quoted(std::string_view text) {
    constexpr size_t kLongest = 64;
    const bool cut = text.size() > kLongest;
    std::string out = utf8::replace_invalid(text.substr(0, kLongest));
    for (char& c : out) {
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return '"' + out + (cut ? "...\"" : "\"");
}

}  // namespace alv::gguf
