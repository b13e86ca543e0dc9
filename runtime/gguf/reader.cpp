#include "gguf/reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gguf/header_parser.h"
#include "gguf/header_window.h"
#include "gguf/limits.h"

namespace alv::gguf {

struct Reader::Impl {
    std::shared_ptr<const File> file;
    HeaderWindow window;
    Header header;
};

namespace {

Status missing(std::string_view key) {
    return not_found("metadata " + quoted(key) + " is not in the file");
}

Status wrong_type(std::string_view key, const char* wanted) {
    return corrupt_file("metadata " + quoted(key) + " is not " + wanted);
}

// An integer of any width and sign: value as two's complement, and whether it is below zero.
struct Integer {
    uint64_t bits = 0;
    bool negative = false;
};

template <typename T>
Integer load_integer(const HeaderWindow& window, uint64_t offset) {
    const T value = window.load<T>(offset);
    return {static_cast<uint64_t>(static_cast<int64_t>(value)),
            std::is_signed_v<T> && value < T{0}};
}

std::optional<Integer> integer_at(const HeaderWindow& window, ValueType type, uint64_t offset) {
    switch (type) {
        case ValueType::kUint8:
        case ValueType::kBool:
            return load_integer<uint8_t>(window, offset);
        case ValueType::kInt8:
            return load_integer<int8_t>(window, offset);
        case ValueType::kUint16:
            return load_integer<uint16_t>(window, offset);
        case ValueType::kInt16:
            return load_integer<int16_t>(window, offset);
        case ValueType::kUint32:
            return load_integer<uint32_t>(window, offset);
        case ValueType::kInt32:
            return load_integer<int32_t>(window, offset);
        case ValueType::kUint64:
            return load_integer<uint64_t>(window, offset);
        case ValueType::kInt64:
            return load_integer<int64_t>(window, offset);
        default:
            return std::nullopt;
    }
}

std::optional<double> number_at(const HeaderWindow& window, ValueType type, uint64_t offset) {
    if (type == ValueType::kFloat32) return window.load<float>(offset);
    if (type == ValueType::kFloat64) return window.load<double>(offset);
    if (type == ValueType::kBool) return std::nullopt;
    const auto integer = integer_at(window, type, offset);
    if (!integer) return std::nullopt;
    return integer->negative ? static_cast<double>(static_cast<int64_t>(integer->bits))
                             : static_cast<double>(integer->bits);
}

template <typename T>
Result<T> value_or(Result<T> result, T fallback) {
    if (!result.ok() && result.status().code() == Code::kNotFound) return fallback;
    return result;
}

}  // namespace

Reader::Reader(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::shared_ptr<const Reader>> Reader::open(std::shared_ptr<const File> file) {
    if (!file) return invalid_argument("no file");
    HeaderWindow window(file);
    auto header = parse_header(window);
    if (!header.ok()) {
        Status status = std::move(header).status();
        status.annotate("GGUF");
        return status;
    }
    std::unique_ptr<const Impl> impl(
        new Impl{std::move(file), std::move(window), std::move(header).value()});
    return std::shared_ptr<const Reader>(new Reader(std::move(impl)));
}

uint32_t Reader::version() const {
    return impl_->header.version;
}
uint64_t Reader::alignment() const {
    return impl_->header.alignment;
}
std::span<const Entry> Reader::entries() const {
    return impl_->header.entries;
}
std::span<const TensorInfo> Reader::tensors() const {
    return impl_->header.tensors;
}
const File& Reader::file() const {
    return *impl_->file;
}

const Entry* Reader::find(std::string_view key) const {
    const auto& entries = impl_->header.entries;
    const auto& order = impl_->header.entries_by_key;
    const auto it =
        std::lower_bound(order.begin(), order.end(), key,
                         [&](uint32_t i, std::string_view k) { return entries[i].key < k; });
    return it != order.end() && entries[*it].key == key ? &entries[*it] : nullptr;
}

const TensorInfo* Reader::find_tensor(std::string_view name) const {
    const auto& tensors = impl_->header.tensors;
    const auto& order = impl_->header.tensors_by_name;
    const auto it =
        std::lower_bound(order.begin(), order.end(), name,
                         [&](uint32_t i, std::string_view n) { return tensors[i].name < n; });
    return it != order.end() && tensors[*it].name == name ? &tensors[*it] : nullptr;
}

Result<uint64_t> Reader::get_uint(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    const auto integer = integer_at(impl_->window, entry->type, entry->offset);
    if (!integer) return wrong_type(key, "an integer");
    if (integer->negative) {
        return corrupt_file("metadata " + quoted(key) +
                            " is negative: " + std::to_string(static_cast<int64_t>(integer->bits)));
    }
    return integer->bits;
}

Result<double> Reader::get_float(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    const auto number = number_at(impl_->window, entry->type, entry->offset);
    if (!number) return wrong_type(key, "a number");
    return *number;
}

Result<bool> Reader::get_bool(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    if (entry->type != ValueType::kBool) return wrong_type(key, "a bool");
    return impl_->window.load<uint8_t>(entry->offset) != 0;
}

Result<std::string> Reader::get_string(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    if (entry->type != ValueType::kString) return wrong_type(key, "a string");
    return std::string(impl_->window.text(entry->offset + 8, entry->size_bytes - 8));
}

Result<std::vector<std::string>> Reader::get_strings(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    if (entry->type != ValueType::kArray || entry->element_type != ValueType::kString) {
        return wrong_type(key, "an array of strings");
    }
    std::vector<std::string> strings;
    strings.reserve(static_cast<size_t>(entry->count));
    uint64_t offset = entry->offset;  // open() walked the same lengths and checked them
    for (uint64_t i = 0; i < entry->count; ++i) {
        const auto size = impl_->window.load<uint64_t>(offset);
        strings.emplace_back(impl_->window.text(offset + 8, size));
        offset += 8 + size;
    }
    return strings;
}

Result<std::vector<float>> Reader::get_floats(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    if (entry->type != ValueType::kArray) return wrong_type(key, "an array of numbers");
    std::vector<float> floats;
    floats.reserve(static_cast<size_t>(entry->count));
    const uint64_t step = value_size(entry->element_type);
    for (uint64_t i = 0; i < entry->count; ++i) {
        const auto number = number_at(impl_->window, entry->element_type, entry->offset + i * step);
        if (!number) return wrong_type(key, "an array of numbers");
        floats.push_back(static_cast<float>(*number));
    }
    return floats;
}

Result<std::vector<int64_t>> Reader::get_ints(std::string_view key) const {
    const Entry* entry = find(key);
    if (!entry) return missing(key);
    if (entry->type != ValueType::kArray) return wrong_type(key, "an array of integers");
    std::vector<int64_t> ints;
    ints.reserve(static_cast<size_t>(entry->count));
    const uint64_t step = value_size(entry->element_type);
    for (uint64_t i = 0; i < entry->count; ++i) {
        const auto integer =
            integer_at(impl_->window, entry->element_type, entry->offset + i * step);
        if (!integer) return wrong_type(key, "an array of integers");
        const auto value = static_cast<int64_t>(integer->bits);
        if (value < 0 && !integer->negative) {
            return corrupt_file("metadata " + quoted(key) + ": element " + std::to_string(i) +
                                " is above 2^63 - 1");
        }
        ints.push_back(value);
    }
    return ints;
}

Result<uint64_t> Reader::get_uint_or(std::string_view key, uint64_t fallback) const {
    return value_or(get_uint(key), fallback);
}
Result<double> Reader::get_float_or(std::string_view key, double fallback) const {
    return value_or(get_float(key), fallback);
}
Result<bool> Reader::get_bool_or(std::string_view key, bool fallback) const {
    return value_or(get_bool(key), fallback);
}
Result<std::string> Reader::get_string_or(std::string_view key, std::string fallback) const {
    return value_or(get_string(key), std::move(fallback));
}

}  // namespace alv::gguf
