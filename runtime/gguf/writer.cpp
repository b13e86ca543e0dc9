#include "gguf/writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/checked.h"
#include "base/utf8.h"
#include "gguf/limits.h"
#include "gguf/reader.h"

namespace alv::gguf {
namespace {

constexpr uint32_t number(ValueType type) {
    return static_cast<uint32_t>(type);
}

template <typename T>
void append(std::vector<uint8_t>& out, T value) {
    static_assert(std::endian::native == std::endian::little);
    out.resize(out.size() + sizeof(T));
    std::memcpy(&out[out.size() - sizeof(T)], &value, sizeof(T));
}

void append_text(std::vector<uint8_t>& out, std::string_view text) {
    append<uint64_t>(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
}

Status check_names_of(std::vector<std::string_view> names, size_t longest, const char* what) {
    for (const std::string_view name : names) {
        if (name.empty() || name.size() > longest || name.find('\0') != std::string_view::npos ||
            !utf8::is_valid(name)) {
            return invalid_argument(std::string(what) + " " + quoted(name) + " must be 1 to " +
                                    std::to_string(longest) + " bytes of UTF-8 without NUL");
        }
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return ok_status();
    return invalid_argument(std::string(what) + " " + quoted(*twice) + " was added twice");
}

Status write_zeros(const Sink& sink, uint64_t n) {
    static constexpr std::array<uint8_t, 4096> kZeros{};
    while (n > 0) {
        const auto part = static_cast<size_t>(std::min<uint64_t>(n, kZeros.size()));
        ALV_RETURN_IF_ERROR(sink(std::span(kZeros).first(part)));
        n -= part;
    }
    return ok_status();
}

}  // namespace

Writer::Writer(uint32_t alignment) : alignment_(alignment) {
    if (alignment != kDefaultAlignment) add_uint32(kAlignmentKey, alignment);
}

void Writer::begin_entry(std::string_view key, uint32_t type) {
    keys_.emplace_back(key);
    append_text(metadata_, key);
    append(metadata_, type);
}

template <typename T>
void Writer::add_scalar(std::string_view key, uint32_t type, T value) {
    begin_entry(key, type);
    append(metadata_, value);
}

template <typename T>
void Writer::add_array(std::string_view key, uint32_t element_type, std::span<const T> values) {
    begin_entry(key, number(ValueType::kArray));
    append(metadata_, element_type);
    append<uint64_t>(metadata_, values.size());
    for (const T& value : values) append(metadata_, value);
}

void Writer::add_uint8(std::string_view key, uint8_t v) {
    add_scalar(key, number(ValueType::kUint8), v);
}
void Writer::add_int8(std::string_view key, int8_t v) {
    add_scalar(key, number(ValueType::kInt8), v);
}
void Writer::add_uint16(std::string_view key, uint16_t v) {
    add_scalar(key, number(ValueType::kUint16), v);
}
void Writer::add_int16(std::string_view key, int16_t v) {
    add_scalar(key, number(ValueType::kInt16), v);
}
void Writer::add_uint32(std::string_view key, uint32_t v) {
    add_scalar(key, number(ValueType::kUint32), v);
}
void Writer::add_int32(std::string_view key, int32_t v) {
    add_scalar(key, number(ValueType::kInt32), v);
}
void Writer::add_uint64(std::string_view key, uint64_t v) {
    add_scalar(key, number(ValueType::kUint64), v);
}
void Writer::add_int64(std::string_view key, int64_t v) {
    add_scalar(key, number(ValueType::kInt64), v);
}
void Writer::add_float32(std::string_view key, float v) {
    add_scalar(key, number(ValueType::kFloat32), v);
}
void Writer::add_float64(std::string_view key, double v) {
    add_scalar(key, number(ValueType::kFloat64), v);
}
void Writer::add_bool(std::string_view key, bool v) {
    add_scalar(key, number(ValueType::kBool), static_cast<uint8_t>(v ? 1 : 0));
}

void Writer::add_string(std::string_view key, std::string_view value) {
    begin_entry(key, number(ValueType::kString));
    append_text(metadata_, value);
    if (bad_text_.ok() && (!utf8::is_valid(value) || value.find('\0') != std::string_view::npos)) {
        bad_text_ =
            invalid_argument("metadata " + quoted(key) + " must be valid UTF-8 without NUL");
    }
}

void Writer::add_strings(std::string_view key, std::span<const std::string> values) {
    begin_entry(key, number(ValueType::kArray));
    append(metadata_, number(ValueType::kString));
    append<uint64_t>(metadata_, values.size());
    for (const std::string& value : values) {
        append_text(metadata_, value);
        if (bad_text_.ok() && !utf8::is_valid(value)) {
            bad_text_ = invalid_argument("metadata " + quoted(key) + " holds invalid UTF-8");
        }
    }
}

void Writer::add_float32s(std::string_view key, std::span<const float> values) {
    add_array(key, number(ValueType::kFloat32), values);
}
void Writer::add_int32s(std::string_view key, std::span<const int32_t> values) {
    add_array(key, number(ValueType::kInt32), values);
}
void Writer::add_uint8s(std::string_view key, std::span<const uint8_t> values) {
    add_array(key, number(ValueType::kUint8), values);
}

void Writer::add_tensor(std::string name, DType type, std::vector<uint64_t> dims,
                        std::vector<uint8_t> data) {
    add_tensor(std::move(name), type, std::move(dims),
               [bytes = std::move(data)](const Sink& sink) { return sink(bytes); });
}

void Writer::add_tensor(std::string name, DType type, std::vector<uint64_t> dims,
                        Producer producer) {
    tensors_.push_back({std::move(name), type, std::move(dims), std::move(producer)});
}

Status Writer::check_names() const {
    if (!is_alignment(alignment_)) {
        return invalid_argument("alignment " + std::to_string(alignment_) +
                                " is not a power of two from 8 to " +
                                std::to_string(kMaxAlignment));
    }
    std::vector<std::string_view> names(keys_.begin(), keys_.end());
    ALV_RETURN_IF_ERROR(check_names_of(std::move(names), kMaxKeyBytes, "key"));
    names.clear();
    for (const Tensor& tensor : tensors_) names.push_back(tensor.name);
    ALV_RETURN_IF_ERROR(check_names_of(std::move(names), kMaxNameBytes, "tensor"));
    return bad_text_;
}

Result<std::vector<uint64_t>> Writer::tensor_sizes() const {
    std::vector<uint64_t> sizes;
    sizes.reserve(tensors_.size());
    for (const Tensor& tensor : tensors_) {
        auto measured = measure_tensor(tensor.type, tensor.dims);
        if (!measured.ok()) {
            return invalid_argument("tensor " + quoted(tensor.name) + ": " +
                                    measured.status().message());
        }
        sizes.push_back(measured->size_bytes);
    }
    return sizes;
}

Status Writer::write(const Sink& sink) const {
    ALV_RETURN_IF_ERROR(check_names());
    ALV_ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes, tensor_sizes());

    std::vector<uint8_t> header(kMagic.begin(), kMagic.end());
    append(header, kVersion);
    append<uint64_t>(header, tensors_.size());
    append<uint64_t>(header, keys_.size());
    header.insert(header.end(), metadata_.begin(), metadata_.end());
    uint64_t offset = 0;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        append_text(header, tensors_[i].name);
        append(header, static_cast<uint32_t>(tensors_[i].dims.size()));
        for (const uint64_t dim : tensors_[i].dims) append(header, dim);
        append(header, static_cast<uint32_t>(tensors_[i].type));
        append(header, offset);
        const auto end = checked_add(offset, sizes[i]);
        const auto next = end ? checked_align_up(*end, alignment_) : end;
        if (!next) return invalid_argument("the tensors together are too large");
        offset = *next;
    }
    if (!tensors_.empty()) header.resize(align_up(header.size(), alignment_));
    ALV_RETURN_IF_ERROR(sink(header));

    for (size_t i = 0; i < tensors_.size(); ++i) {
        uint64_t written = 0;
        const uint64_t size = sizes[i];
        ALV_RETURN_IF_ERROR(tensors_[i].producer([&](std::span<const uint8_t> part) -> Status {
            written += part.size();
            if (written > size) return ok_status();  // reported below, with the total
            return sink(part);
        }));
        if (written != size) {
            return invalid_argument("tensor " + quoted(tensors_[i].name) + ": " +
                                    std::to_string(written) + " bytes of data, dims and type say " +
                                    std::to_string(size));
        }
        ALV_RETURN_IF_ERROR(write_zeros(sink, align_up(size, alignment_) - size));
    }
    return ok_status();
}

Result<std::vector<uint8_t>> Writer::build() const {
    std::vector<uint8_t> file;
    ALV_RETURN_IF_ERROR(write([&file](std::span<const uint8_t> part) {
        file.insert(file.end(), part.begin(), part.end());
        return ok_status();
    }));
    return file;
}

}  // namespace alv::gguf
