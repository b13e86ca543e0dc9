// Builds a GGUF v3 file from metadata and tensors, in the order they are added.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/status.h"

namespace alv::gguf {

// Takes the next bytes of the file.
using Sink = std::function<Status(std::span<const uint8_t>)>;
// Writes a tensor's data into the sink, in pieces of any size.
using Producer = std::function<Status(const Sink&)>;

// Thread-compatible. Adding never fails; write() refuses what makes no valid file: an empty,
// repeated or malformed key or name, dims that overflow or do not fill whole blocks, data of
// another size than its dims and type say.
class Writer {
  public:
    explicit Writer(uint32_t alignment = 32);  // a power of two from 8 to 1 MiB

    void add_uint8(std::string_view key, uint8_t value);
    void add_int8(std::string_view key, int8_t value);
    void add_uint16(std::string_view key, uint16_t value);
    void add_int16(std::string_view key, int16_t value);
    void add_uint32(std::string_view key, uint32_t value);
    void add_int32(std::string_view key, int32_t value);
    void add_uint64(std::string_view key, uint64_t value);
    void add_int64(std::string_view key, int64_t value);
    void add_float32(std::string_view key, float value);
    void add_float64(std::string_view key, double value);
    void add_bool(std::string_view key, bool value);
    void add_string(std::string_view key, std::string_view value);

    void add_strings(std::string_view key, std::span<const std::string> values);
    void add_float32s(std::string_view key, std::span<const float> values);
    void add_int32s(std::string_view key, std::span<const int32_t> values);
    void add_uint8s(std::string_view key, std::span<const uint8_t> values);

    // dims[0] varies fastest, as in TensorInfo.
    void add_tensor(std::string name, DType type, std::vector<uint64_t> dims,
                    std::vector<uint8_t> data);
    // `producer` is called once by each write().
    void add_tensor(std::string name, DType type, std::vector<uint64_t> dims, Producer producer);

    // Passes the file on, front to back. The sink's own errors come back as they are.
    Status write(const Sink& sink) const;
    Result<std::vector<uint8_t>> build() const;

  private:
    struct Tensor {
        std::string name;
        DType type;
        std::vector<uint64_t> dims;
        Producer producer;
    };

    void begin_entry(std::string_view key, uint32_t type);
    template <typename T>
    void add_scalar(std::string_view key, uint32_t type, T value);
    template <typename T>
    void add_array(std::string_view key, uint32_t element_type, std::span<const T> values);
    Status check_names() const;
    Result<std::vector<uint64_t>> tensor_sizes() const;

    uint32_t alignment_;
    std::vector<std::string> keys_;
    std::vector<uint8_t> metadata_;  // encoded
    Status bad_text_;                // the first text that is no valid value
    std::vector<Tensor> tensors_;
};

}  // namespace alv::gguf
