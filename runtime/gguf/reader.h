// Checked, zero-copy reader of GGUF v2 and v3
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/file.h"
#include "base/status.h"

namespace alv::gguf {

enum class ValueType : uint32_t {
    kUint8 = 0,
    kInt8 = 1,
    kUint16 = 2,
    kInt16 = 3,
    kUint32 = 4,
    kInt32 = 5,
    kFloat32 = 6,
    kBool = 7,
    kString = 8,
    kArray = 9,
    kUint64 = 10,
    kInt64 = 11,
    kFloat64 = 12,
};

struct TensorInfo {
    std::string name;
    DType type = DType::kF32;
    uint32_t n_dims = 0;
    std::array<uint64_t, 4> dims{1, 1, 1, 1};  // dims[0] varies fastest: (cols, rows, ...)
    uint64_t offset = 0;                       // from the start of the file
    uint64_t size_bytes = 0;
    uint64_t n_elements = 0;
};

// One metadata entry. Scalars are widened; arrays stay encoded and are read through Reader.
struct Entry {
    std::string key;
    ValueType type = ValueType::kUint32;
    ValueType element_type = ValueType::kUint32;  // of an array
    uint64_t count = 1;                           // elements of an array
    uint64_t offset = 0;                          // of the value's first byte in the file
    uint64_t size_bytes = 0;                      // of the value (array: of the elements)
};

// Immutable, thread-safe. Holds the header's bytes, never the tensors'.
class Reader {
  public:
    // Errors: corrupt file (the message names the field), unsupported (version, tensor type), I/O.
    static Result<std::shared_ptr<const Reader>> open(std::shared_ptr<const File> file);
    ~Reader();

    uint32_t version() const;
    uint64_t alignment() const;
    std::span<const Entry> entries() const;
    std::span<const TensorInfo> tensors() const;
    const Entry* find(std::string_view key) const;
    const TensorInfo* find_tensor(std::string_view name) const;
    const File& file() const;

    // A missing key is `not found`, a wrong type or an unrepresentable value `corrupt file`.
    Result<uint64_t> get_uint(std::string_view key) const;  // any integer type >= 0, or bool
    Result<double> get_float(std::string_view key) const;   // any float or integer type
    Result<bool> get_bool(std::string_view key) const;
    Result<std::string> get_string(std::string_view key) const;
    Result<std::vector<std::string>> get_strings(std::string_view key) const;
    Result<std::vector<float>> get_floats(std::string_view key) const;
    Result<std::vector<int64_t>> get_ints(std::string_view key) const;  // integers or bools

    // The value, or `fallback` when the key is missing; a wrong type is still an error.
    Result<uint64_t> get_uint_or(std::string_view key, uint64_t fallback) const;
    Result<double> get_float_or(std::string_view key, double fallback) const;
    Result<bool> get_bool_or(std::string_view key, bool fallback) const;
    Result<std::string> get_string_or(std::string_view key, std::string fallback) const;

  private:
    struct Impl;
    explicit Reader(std::unique_ptr<const Impl> impl);
    std::unique_ptr<const Impl> impl_;
};

}  // namespace alv::gguf
