// Any bytes as a safetensors file: a status or tensors that can be read, never a crash.
#include <cstdlib>
#include <vector>

#include "convert/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // The header's size is what fuzzers guess last: half of the inputs get it right.
    std::vector<uint8_t> bytes(data, data + size);
    if (size > 9 && data[0] % 2 == 0) {
        const uint64_t header = 1 + data[1] % (size - 8);
        for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(header >> (8 * i));
    }
    const auto file = alv::convert::Safetensors::open(alv::open_memory_file(bytes));
    if (!file.ok()) return 0;
    std::vector<float> values;
    for (const char* name : {"a", "b", "weight"}) {
        const alv::convert::SafeTensor* tensor = file->find(name);
        if (tensor == nullptr) continue;
        if (tensor->offset + tensor->size_bytes > size) std::abort();
        const uint64_t n = tensor->n_elements < 4096 ? tensor->n_elements : 4096;
        static_cast<void>(file->read(*tensor, tensor->n_elements - n, n, values));
    }
    return 0;
}
