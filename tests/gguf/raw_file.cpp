#include "gguf/raw_file.h"

#include <array>

namespace alv::gguf::test {

Bytes RawFile::header() const {
    Bytes out;
    put_raw(out, magic);
    put(out, version);
    put<uint64_t>(out, tensor_count.value_or(tensors.size()));
    put<uint64_t>(out, entry_count.value_or(entries.size()));
    for (const Bytes& entry : entries) put_raw(out, entry);
    for (const RawTensor& tensor : tensors) {
        put<uint64_t>(out, tensor.name_length.value_or(tensor.name.size()));
        put_raw(out, tensor.name);
        put<uint32_t>(out, tensor.n_dims.value_or(static_cast<uint32_t>(tensor.dims.size())));
        for (const uint64_t dim : tensor.dims) put(out, dim);
        put(out, tensor.type);
        put(out, tensor.offset);
    }
    return out;
}

Bytes RawFile::build() const {
    Bytes out = header();
    out.resize((out.size() + alignment - 1) / alignment * alignment + data_bytes, 0x5A);
    return out;
}

Bytes raw_entry(std::string_view key, uint32_t type, const Bytes& value) {
    Bytes out;
    put_text(out, key);
    put(out, type);
    put_raw(out, value);
    return out;
}

Bytes text_entry(std::string_view key, std::string_view text) {
    Bytes value;
    put_text(value, text);
    return raw_entry(key, 8, value);
}

Bytes array_entry(std::string_view key, uint32_t element_type, uint64_t count,
                  const Bytes& elements) {
    Bytes value;
    put(value, element_type);
    put(value, count);
    put_raw(value, elements);
    return raw_entry(key, 9, value);
}

RawFile valid_file() {
    RawFile file;
    file.entries = {
        text_entry("general.architecture", "llama"),
        scalar_entry<uint32_t>("general.alignment", 4, 32),
        scalar_entry<uint8_t>("t.u8", 0, 200),
        scalar_entry<int8_t>("t.i8", 1, -100),
        scalar_entry<uint16_t>("t.u16", 2, 60000),
        scalar_entry<int16_t>("t.i16", 3, -30000),
        scalar_entry<uint32_t>("t.u32", 4, 4000000000U),
        scalar_entry<int32_t>("t.i32", 5, -2000000000),
        scalar_entry<float>("t.f32", 6, 1.5F),
        scalar_entry<uint8_t>("t.bool", 7, 1),
        scalar_entry<uint64_t>("t.u64", 10, UINT64_MAX),
        scalar_entry<int64_t>("t.i64", 11, INT64_MIN),
        scalar_entry<double>("t.f64", 12, -2.25),
    };
    constexpr std::array<uint32_t, 13> kSizes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    for (uint32_t type = 0; type < kSizes.size(); ++type) {
        if (kSizes[type] == 0) continue;
        file.entries.push_back(
            array_entry("a." + std::to_string(type), type, 3, Bytes(size_t{3} * kSizes[type], 0)));
    }
    Bytes texts;
    for (const char* text : {"<s>", "", "\xC3\xA4"}) put_text(texts, text);
    file.entries.push_back(array_entry("a.text", 8, 3, texts));

    file.tensors = {
        {"one", {32}, 0, 0, {}, {}},                // F32: 128 bytes
        {"two", {64, 3}, 2, 128, {}, {}},           // Q4_0: 6 blocks, 108 bytes
        {"three", {8, 2, 2}, 1, 256, {}, {}},       // F16: 64 bytes
        {"four", {256, 2, 1, 2}, 12, 320, {}, {}},  // Q4_K: 4 blocks, 576 bytes
    };
    file.data_bytes = 320 + 576;
    return file;
}

namespace {

struct Walker {
    const Bytes& bytes;
    uint64_t at = 0;
    std::vector<Field> fields;

    template <typename T>
    T take(const char* word) {
        T value;
        std::memcpy(&value, &bytes[at], sizeof(T));
        fields.push_back({word, at, at + sizeof(T)});
        at += sizeof(T);
        return value;
    }
    void skip(const char* word, uint64_t size) {
        if (size > 0) fields.push_back({word, at, at + size});
        at += size;
    }
    void take_text(const char* word) { skip(word, take<uint64_t>(word)); }
    void take_value(uint32_t type) {
        constexpr std::array<uint64_t, 13> kSizes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
        if (type == 8) return take_text("string");
        if (type != 9) return skip("value", kSizes[type]);
        const auto element_type = take<uint32_t>("array element type");
        const auto count = take<uint64_t>("array count");
        if (element_type != 8) return skip("array", count * kSizes[element_type]);
        for (uint64_t i = 0; i < count; ++i) take_text("array element");
    }
};

}  // namespace

std::vector<Field> fields_of(const Bytes& header) {
    Walker walker{header, 0, {}};
    walker.skip("magic", 4);
    walker.take<uint32_t>("version");
    const auto tensors = walker.take<uint64_t>("tensor_count");
    const auto entries = walker.take<uint64_t>("metadata_kv_count");
    for (uint64_t i = 0; i < entries; ++i) {
        walker.take_text("key");
        walker.take_value(walker.take<uint32_t>("value type"));
    }
    for (uint64_t i = 0; i < tensors; ++i) {
        walker.take_text("name");
        const auto n_dims = walker.take<uint32_t>("n_dims");
        for (uint32_t d = 0; d < n_dims; ++d) walker.take<uint64_t>("dims");
        walker.take<uint32_t>("type");
        walker.take<uint64_t>("offset");
    }
    return walker.fields;
}

}  // namespace alv::gguf::test
