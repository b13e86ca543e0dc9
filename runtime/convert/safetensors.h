// Checked reader of safetensors (https://github.com/huggingface/safetensors#format).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace alv::convert {

struct SafeTensor {
    std::string dtype;            // "F32", "F16", "BF16", "I64", ...
    std::vector<uint64_t> shape;  // the last varies fastest
    uint64_t n_elements = 0;
    uint64_t offset = 0;  // from the start of the file
    uint64_t size_bytes = 0;
};

// Immutable, thread-safe.
class Safetensors {
  public:
    // Errors: corrupt file (the message names the tensor), limit exceeded, I/O.
    static Result<Safetensors> open(std::shared_ptr<const File> file);

    // nullptr if there is none.
    const SafeTensor* find(std::string_view name) const;
    size_t size() const { return tensors_.size(); }
    // Elements [first, first + n) of an F32, F16 or BF16 tensor; unsupported for any other type.
    Status read(const SafeTensor& tensor, uint64_t first, uint64_t n,
                std::vector<float>& out) const;

  private:
    std::shared_ptr<const File> file_;
    std::map<std::string, SafeTensor, std::less<>> tensors_;
};

}  // namespace alv::convert
