#include "api/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace alv::api {
namespace {

void append_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    char digits[32];
    const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, failed == std::errc() ? end : digits);
}

void append_float(std::string& out, float value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    char digits[32];
    const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, failed == std::errc() ? end : digits);
}

// "[a,b,c]" of the first elements.
template <typename T, typename Append>
std::string list(const std::vector<T>& values, uint64_t max_elements, Append append) {
    std::string out = "[";
    const size_t n = static_cast<size_t>(std::min<uint64_t>(values.size(), max_elements));
    for (size_t i = 0; i < n; ++i) {
        if (i) out += ',';
        append(out, values[i]);
    }
    return out + "]";
}

Result<std::string> array_to_json(const gguf::Reader& reader, const gguf::Entry& entry,
                                  uint64_t max_elements) {
    switch (entry.element_type) {
        case gguf::ValueType::kString: {
            ALV_ASSIGN_OR_RETURN(const auto values, reader.get_strings(entry.key));
            return list(values, max_elements, append_json_string);
        }
        case gguf::ValueType::kFloat32:
        case gguf::ValueType::kFloat64: {
            ALV_ASSIGN_OR_RETURN(const auto values, reader.get_floats(entry.key));
            return list(values, max_elements, append_float);
        }
        case gguf::ValueType::kArray:
            return std::string("[]");
        default:
            break;
    }
    ALV_ASSIGN_OR_RETURN(const auto values, reader.get_ints(entry.key));
    const bool flags = entry.element_type == gguf::ValueType::kBool;
    return list(values, max_elements, [flags](std::string& out, int64_t value) {
        if (flags) {
            out += value ? "true" : "false";
        } else {
            out += std::to_string(value);
        }
    });
}

bool is_signed(gguf::ValueType type) {
    return type == gguf::ValueType::kInt8 || type == gguf::ValueType::kInt16 ||
           type == gguf::ValueType::kInt32 || type == gguf::ValueType::kInt64;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : utf8::replace_invalid(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

Result<std::string> entry_to_json(const gguf::Reader& reader, const gguf::Entry& entry,
                                  uint64_t max_elements) {
    std::string out;
    switch (entry.type) {
        case gguf::ValueType::kArray:
            return array_to_json(reader, entry, max_elements);
        case gguf::ValueType::kString: {
            ALV_ASSIGN_OR_RETURN(const std::string value, reader.get_string(entry.key));
            append_json_string(out, value);
            return out;
        }
        case gguf::ValueType::kBool: {
            ALV_ASSIGN_OR_RETURN(const bool value, reader.get_bool(entry.key));
            return std::string(value ? "true" : "false");
        }
        case gguf::ValueType::kFloat32: {
            ALV_ASSIGN_OR_RETURN(const double value, reader.get_float(entry.key));
            append_float(out, static_cast<float>(value));
            return out;
        }
        case gguf::ValueType::kFloat64: {
            ALV_ASSIGN_OR_RETURN(const double value, reader.get_float(entry.key));
            append_number(out, value);
            return out;
        }
        default:
            break;
    }
    if (is_signed(entry.type)) {
        // The reader has no signed scalars; a double holds all but the outermost exactly.
        ALV_ASSIGN_OR_RETURN(const double value, reader.get_float(entry.key));
        append_number(out, value);
        return out;
    }
    ALV_ASSIGN_OR_RETURN(const uint64_t value, reader.get_uint(entry.key));
    return std::to_string(value);
}

std::string_view type_name(gguf::ValueType type) {
    switch (type) {
        case gguf::ValueType::kUint8:
            return "uint8";
        case gguf::ValueType::kInt8:
            return "int8";
        case gguf::ValueType::kUint16:
            return "uint16";
        case gguf::ValueType::kInt16:
            return "int16";
        case gguf::ValueType::kUint32:
            return "uint32";
        case gguf::ValueType::kInt32:
            return "int32";
        case gguf::ValueType::kFloat32:
            return "float32";
        case gguf::ValueType::kBool:
            return "bool";
        case gguf::ValueType::kString:
            return "string";
        case gguf::ValueType::kArray:
            return "array";
        case gguf::ValueType::kUint64:
            return "uint64";
        case gguf::ValueType::kInt64:
            return "int64";
        case gguf::ValueType::kFloat64:
            return "float64";
    }
    return "unknown";
}

}  // namespace alv::api
