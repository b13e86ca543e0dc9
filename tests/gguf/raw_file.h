// GGUF bytes put together field by field, with no check at all: for files that Writer refuses to
// make. Every field can be any number.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alv::gguf::test {

using Bytes = std::vector<uint8_t>;

// Byte by byte: gcc 12 takes inlined inserts into a short vector for overflows.
inline void put_raw(Bytes& out, std::string_view text) {
    for (const char c : text) out.push_back(static_cast<uint8_t>(c));
}
inline void put_raw(Bytes& out, const Bytes& bytes) {
    for (const uint8_t byte : bytes) out.push_back(byte);
}
template <typename T>
void put(Bytes& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    put_raw(out, std::string_view(bytes, sizeof(T)));
}
inline void put_text(Bytes& out, std::string_view text) {
    put<uint64_t>(out, text.size());
    put_raw(out, text);
}

struct RawTensor {
    std::string name;
    std::vector<uint64_t> dims;
    uint32_t type = 0;
    uint64_t offset = 0;
    std::optional<uint32_t> n_dims;       // instead of dims.size()
    std::optional<uint64_t> name_length;  // instead of name.size()
};

struct RawFile {
    std::string magic = "GGUF";
    uint32_t version = 3;
    std::optional<uint64_t> tensor_count;  // instead of tensors.size()
    std::optional<uint64_t> entry_count;   // instead of entries.size()
    std::vector<Bytes> entries;            // each from the functions below
    std::vector<RawTensor> tensors;
    uint64_t alignment = 32;
    uint64_t data_bytes = 0;

    Bytes header() const;
    Bytes build() const;  // header, padding, data_bytes of data
};

// An entry of any type number with any bytes as its value.
Bytes raw_entry(std::string_view key, uint32_t type, const Bytes& value);
Bytes text_entry(std::string_view key, std::string_view text);
Bytes array_entry(std::string_view key, uint32_t element_type, uint64_t count,
                  const Bytes& elements);
template <typename T>
Bytes scalar_entry(std::string_view key, uint32_t type, T value) {
    Bytes bytes;
    put(bytes, value);
    return raw_entry(key, type, bytes);
}

// A valid file with an entry of each type, an array of each type and tensors of 1 to 4 dims: the
// hostile files differ from it in one place.
RawFile valid_file();

// A place in the header of valid_file(): a file cut there must be refused with one of the words.
struct Field {
    std::string word;
    uint64_t begin = 0, end = 0;
};
// Walks a valid header on its own, without runtime/gguf.
std::vector<Field> fields_of(const Bytes& header);

}  // namespace alv::gguf::test
