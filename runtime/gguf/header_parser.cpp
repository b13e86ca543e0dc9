#include "gguf/header_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/utf8.h"
#include "gguf/limits.h"

namespace alv::gguf {
namespace {

// Far above any real model; they bound the work a virtual file that claims to be huge can ask for.
constexpr uint64_t kMaxEntries = 1 << 16;
constexpr uint64_t kMaxTensors = 1 << 18;
// The least an entry (length, one byte of key, type, one byte of value) and a tensor (length, one
// byte of name, n_dims, one dim, type, offset) take in the file: so a count is refused before
// memory is reserved for it.
constexpr uint64_t kMinEntryBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

constexpr std::array<uint8_t, 13> kValueSizes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// Reads forward through the window. `field` names what is read in the message of an error.
class Cursor {
  public:
    explicit Cursor(HeaderWindow& window) : window_(window) {}

    uint64_t position() const { return position_; }
    uint64_t remaining() const { return window_.file_size() - position_; }

    // The next `size` bytes are there, or an error.
    Status need(uint64_t size, const char* field) {
        if (size > remaining()) {
            return corrupt_file(std::string(field) + " is cut off: " + std::to_string(size) +
                                " bytes at offset " + std::to_string(position_) +
                                ", the file has " + std::to_string(remaining()) + " more");
        }
        Status status = window_.ensure(position_ + size);
        return status.annotate(field);
    }

    void skip(uint64_t size) { position_ += size; }

    template <typename T>
    Status read(T& out, const char* field) {
        ALV_RETURN_IF_ERROR(need(sizeof(T), field));
        out = window_.load<T>(position_);
        position_ += sizeof(T);
        return ok_status();
    }

    // The view is valid until the next read.
    Status read_string(std::string_view& out, uint64_t max_size, const char* field) {
        uint64_t size = 0;
        ALV_RETURN_IF_ERROR(read(size, field));
        if (size > max_size) {
            return corrupt_file(std::string(field) + " is " + std::to_string(size) +
                                " bytes long, the longest allowed is " + std::to_string(max_size));
        }
        ALV_RETURN_IF_ERROR(need(size, field));
        out = window_.text(position_, size);
        position_ += size;
        if (!utf8::is_valid(out)) return corrupt_file(std::string(field) + " is not valid UTF-8");
        return ok_status();
    }

  private:
    HeaderWindow& window_;
    uint64_t position_ = 0;
};

// A key, name or single text: not for array elements, where a vocabulary may hold the token NUL.
Status refuse_nul(std::string_view text, const char* field) {
    if (text.find('\0') == std::string_view::npos) return ok_status();
    return corrupt_file(std::string(field) + " holds a NUL");
}

Status check_count(uint64_t count, uint64_t limit, uint64_t min_bytes, uint64_t remaining,
                   const char* field) {
    if (count > remaining / min_bytes) {
        return corrupt_file(std::string(field) + " " + std::to_string(count) +
                            " needs more bytes than the file has left (" +
                            std::to_string(remaining) + ")");
    }
    if (count > limit) {
        return limit_exceeded(std::string(field) + " " + std::to_string(count) + " is above " +
                              std::to_string(limit));
    }
    return ok_status();
}

struct Counts {
    uint64_t tensors = 0;
    uint64_t entries = 0;
};

Status parse_preamble(Cursor& cursor, Header& header, Counts& counts) {
    std::array<char, 4> magic{};
    ALV_RETURN_IF_ERROR(cursor.read(magic, "magic"));
    const std::string_view found(magic.data(), magic.size());
    if (found == "FUGG") return unsupported("magic: a byte-swapped (big-endian) GGUF file");
    if (found != kMagic)
        return corrupt_file("magic: not a GGUF file (it begins " + quoted(found) +
                            ", not \"GGUF\")");
    ALV_RETURN_IF_ERROR(cursor.read(header.version, "version"));
    if (header.version == 0) return corrupt_file("version is 0");
    if ((header.version & 0xFFFFU) == 0) {
        return unsupported("version: the file is byte-swapped (big-endian); convert it first");
    }
    if (header.version != 2 && header.version != 3) {
        return unsupported("version " + std::to_string(header.version) +
                           " of GGUF is not supported (2 and 3 are)");
    }
    ALV_RETURN_IF_ERROR(cursor.read(counts.tensors, "tensor_count"));
    ALV_RETURN_IF_ERROR(cursor.read(counts.entries, "metadata_kv_count"));
    ALV_RETURN_IF_ERROR(check_count(counts.tensors, kMaxTensors, kMinTensorBytes,
                                    cursor.remaining(), "tensor_count"));
    return check_count(counts.entries, kMaxEntries, kMinEntryBytes, cursor.remaining(),
                       "metadata_kv_count");
}

Status read_type(Cursor& cursor, ValueType& out, const char* field) {
    uint32_t number = 0;
    ALV_RETURN_IF_ERROR(cursor.read(number, field));
    if (number >= kValueSizes.size()) {
        return corrupt_file(std::string(field) + " " + std::to_string(number) + " is unknown");
    }
    out = static_cast<ValueType>(number);
    return ok_status();
}

Status parse_array(Cursor& cursor, Entry& entry) {
    ALV_RETURN_IF_ERROR(read_type(cursor, entry.element_type, "array element type"));
    ALV_RETURN_IF_ERROR(cursor.read(entry.count, "array count"));
    entry.offset = cursor.position();
    if (entry.element_type == ValueType::kArray) {
        return unsupported("arrays inside an array are not supported");
    }
    if (entry.element_type != ValueType::kString) {
        const auto size = checked_mul(entry.count, value_size(entry.element_type));
        if (!size) return corrupt_file("array count " + std::to_string(entry.count) + " overflows");
        ALV_RETURN_IF_ERROR(cursor.need(*size, "array"));
        cursor.skip(*size);
        entry.size_bytes = *size;
        return ok_status();
    }
    if (entry.count > cursor.remaining() / 8) {
        return corrupt_file("array count " + std::to_string(entry.count) +
                            " needs more bytes than the file has left (" +
                            std::to_string(cursor.remaining()) + ")");
    }
    for (uint64_t i = 0; i < entry.count; ++i) {
        std::string_view element;
        Status status = cursor.read_string(element, UINT64_MAX, "string");
        if (!status.ok()) return status.annotate("array element " + std::to_string(i));
    }
    entry.size_bytes = cursor.position() - entry.offset;
    return ok_status();
}

Status parse_value(Cursor& cursor, Entry& entry) {
    ALV_RETURN_IF_ERROR(read_type(cursor, entry.type, "value type"));
    if (entry.type == ValueType::kArray) return parse_array(cursor, entry);
    entry.element_type = entry.type;
    entry.offset = cursor.position();
    if (entry.type == ValueType::kString) {
        std::string_view text;
        ALV_RETURN_IF_ERROR(cursor.read_string(text, UINT64_MAX, "string"));
        ALV_RETURN_IF_ERROR(refuse_nul(text, "string"));
    } else if (entry.type == ValueType::kBool) {
        uint8_t value = 0;
        ALV_RETURN_IF_ERROR(cursor.read(value, "value"));
        if (value > 1) return corrupt_file("a bool is " + std::to_string(value));
    } else {
        ALV_RETURN_IF_ERROR(cursor.need(value_size(entry.type), "value"));
        cursor.skip(value_size(entry.type));
    }
    entry.size_bytes = cursor.position() - entry.offset;
    return ok_status();
}

Status parse_entries(Cursor& cursor, uint64_t count, std::vector<Entry>& entries) {
    entries.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) {
        Entry entry;
        std::string_view key;
        Status status = cursor.read_string(key, kMaxKeyBytes, "key");
        if (status.ok()) {
            entry.key = key;
            status = refuse_nul(key, "key");
        }
        if (status.ok() && key.empty()) status = corrupt_file("key is empty");
        if (!status.ok()) return status.annotate("metadata entry " + std::to_string(i));
        status = parse_value(cursor, entry);
        if (!status.ok()) return status.annotate("metadata " + quoted(entry.key));
        entries.push_back(std::move(entry));
    }
    return ok_status();
}

Status parse_alignment(HeaderWindow& window, Header& header) {
    for (const Entry& entry : header.entries) {
        if (entry.key != kAlignmentKey) continue;
        if (entry.type != ValueType::kUint32) {
            return corrupt_file("metadata \"general.alignment\" is not of type uint32");
        }
        const auto value = window.load<uint32_t>(entry.offset);
        if (!is_alignment(value)) {
            return corrupt_file("metadata \"general.alignment\" is " + std::to_string(value) +
                                ", not a power of two from 8 to " + std::to_string(kMaxAlignment));
        }
        header.alignment = value;
    }
    return ok_status();
}

Status parse_dims(Cursor& cursor, TensorInfo& tensor) {
    ALV_RETURN_IF_ERROR(cursor.read(tensor.n_dims, "n_dims"));
    if (tensor.n_dims == 0 || tensor.n_dims > tensor.dims.size()) {
        return corrupt_file("n_dims is " + std::to_string(tensor.n_dims) + ", not 1 to 4");
    }
    for (uint32_t i = 0; i < tensor.n_dims; ++i) {
        ALV_RETURN_IF_ERROR(cursor.read(tensor.dims[i], "dims"));
    }
    return ok_status();
}

Status parse_tensor(Cursor& cursor, uint64_t alignment, TensorInfo& tensor) {
    ALV_RETURN_IF_ERROR(parse_dims(cursor, tensor));
    uint32_t type = 0;
    ALV_RETURN_IF_ERROR(cursor.read(type, "type"));
    const auto traits = dtype_traits(type);
    if (!traits) return unsupported("type " + std::to_string(type) + " is unknown");
    tensor.type = traits->type;
    ALV_ASSIGN_OR_RETURN(const TensorSize size,
                         measure_tensor(tensor.type, std::span(tensor.dims).first(tensor.n_dims)));
    tensor.n_elements = size.n_elements;
    tensor.size_bytes = size.size_bytes;
    ALV_RETURN_IF_ERROR(cursor.read(tensor.offset, "offset"));
    if (tensor.offset % alignment != 0) {
        return corrupt_file("offset " + std::to_string(tensor.offset) +
                            " is not a multiple of the alignment " + std::to_string(alignment));
    }
    return ok_status();
}

Status parse_tensors(Cursor& cursor, uint64_t count, Header& header) {
    header.tensors.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) {
        TensorInfo tensor;
        std::string_view name;
        Status status = cursor.read_string(name, kMaxNameBytes, "name");
        if (status.ok()) {
            tensor.name = name;
            status = refuse_nul(name, "name");
        }
        if (status.ok() && name.empty()) status = corrupt_file("name is empty");
        if (!status.ok()) return status.annotate("tensor " + std::to_string(i));
        status = parse_tensor(cursor, header.alignment, tensor);
        if (!status.ok()) return status.annotate("tensor " + quoted(tensor.name));
        header.tensors.push_back(std::move(tensor));
    }
    return ok_status();
}

// Makes the tensors' offsets count from the start of the file; each must end inside it.
Status place_tensors(uint64_t header_size, uint64_t file_size, Header& header) {
    if (header.tensors.empty()) return ok_status();
    const auto data = checked_align_up(header_size, header.alignment);
    for (TensorInfo& tensor : header.tensors) {
        const auto begin = data ? checked_add(*data, tensor.offset) : data;
        const auto end = begin ? checked_add(*begin, tensor.size_bytes) : begin;
        if (!end || *end > file_size) {
            return corrupt_file("tensor " + quoted(tensor.name) + ": offset " +
                                std::to_string(tensor.offset) + " and its " +
                                std::to_string(tensor.size_bytes) +
                                " bytes of data end past the end of the file (" +
                                std::to_string(file_size) + " bytes)");
        }
        tensor.offset = *begin;
    }
    return ok_status();
}

template <typename T, typename Less>
std::vector<uint32_t> sorted_positions(const std::vector<T>& items, Less less) {
    std::vector<uint32_t> order(items.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return less(items[a], items[b]); });
    return order;
}

Status index_entries(Header& header) {
    const auto& entries = header.entries;
    header.entries_by_key =
        sorted_positions(entries, [](const Entry& a, const Entry& b) { return a.key < b.key; });
    const auto& order = header.entries_by_key;
    for (size_t i = 1; i < order.size(); ++i) {
        if (entries[order[i - 1]].key != entries[order[i]].key) continue;
        return corrupt_file("metadata " + quoted(entries[order[i]].key) +
                            ": the key is there twice");
    }
    return ok_status();
}

Status index_tensors(Header& header) {
    const auto& tensors = header.tensors;
    header.tensors_by_name = sorted_positions(
        tensors, [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
    const auto& order = header.tensors_by_name;
    for (size_t i = 1; i < order.size(); ++i) {
        if (tensors[order[i - 1]].name != tensors[order[i]].name) continue;
        return corrupt_file("tensor " + quoted(tensors[order[i]].name) +
                            ": the name is there twice");
    }
    return ok_status();
}

Status refuse_overlap(const std::vector<TensorInfo>& tensors) {
    const auto order = sorted_positions(
        tensors, [](const TensorInfo& a, const TensorInfo& b) { return a.offset < b.offset; });
    for (size_t i = 1; i < order.size(); ++i) {
        const TensorInfo& before = tensors[order[i - 1]];
        const TensorInfo& after = tensors[order[i]];
        if (before.offset + before.size_bytes <= after.offset) continue;
        return corrupt_file("tensor " + quoted(after.name) + ": offset lies inside tensor " +
                            quoted(before.name));
    }
    return ok_status();
}

}  // namespace

uint64_t value_size(ValueType type) {
    return kValueSizes[static_cast<uint32_t>(type)];
}

Result<Header> parse_header(HeaderWindow& window) {
    Header header;
    Counts counts;
    Cursor cursor(window);
    ALV_RETURN_IF_ERROR(parse_preamble(cursor, header, counts));
    ALV_RETURN_IF_ERROR(parse_entries(cursor, counts.entries, header.entries));
    ALV_RETURN_IF_ERROR(index_entries(header));
    ALV_RETURN_IF_ERROR(parse_alignment(window, header));
    ALV_RETURN_IF_ERROR(parse_tensors(cursor, counts.tensors, header));
    ALV_RETURN_IF_ERROR(index_tensors(header));
    ALV_RETURN_IF_ERROR(place_tensors(cursor.position(), window.file_size(), header));
    ALV_RETURN_IF_ERROR(refuse_overlap(header.tensors));
    return header;
}

}  // namespace alv::gguf
