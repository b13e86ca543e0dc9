#include "convert/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/checked.h"
#include "base/dtype.h"
#include "convert/json_text.h"

namespace alv::convert {

namespace {

// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxTensors = 1u << 16;
constexpr size_t kMaxDims = 8;

// Bytes of an element; nullopt for a type that is not in the format.
std::optional<uint64_t> element_bytes(std::string_view dtype) {
    if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
    if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
    if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
    if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype.starts_with("F8_")) return 1;
    return std::nullopt;
}

std::optional<DType> readable_type(std::string_view dtype) {
    if (dtype == "F32") return DType::kF32;
    if (dtype == "F16") return DType::kF16;
    if (dtype == "BF16") return DType::kBF16;
    return std::nullopt;
}

Status broken(const std::string& name, const char* what) {
    return corrupt_file("safetensors: tensor \"" + name + "\": " + what);
}

Status read_shape(const std::string& name, const Json& shape, SafeTensor& out) {
    if (!shape.is_array() || shape.size() > kMaxDims) return broken(name, "shape is no short list");
    out.n_elements = 1;
    for (const Json& dim : shape) {
        if (!dim.is_number_unsigned()) return broken(name, "shape holds something else than sizes");
        out.shape.push_back(dim.get<uint64_t>());
        const auto product = checked_mul(out.n_elements, out.shape.back());
        if (!product) return broken(name, "shape is larger than any file");
        out.n_elements = *product;
    }
    return ok_status();
}

Result<SafeTensor> read_tensor(const std::string& name, const Json& entry, uint64_t data_at,
                               uint64_t data_size) {
    if (!entry.is_object()) return broken(name, "is no object");
    const auto dtype = entry.find("dtype");
    const auto shape = entry.find("shape");
    const auto offsets = entry.find("data_offsets");
    if (dtype == entry.end() || shape == entry.end() || offsets == entry.end()) {
        return broken(name, "dtype, shape or data_offsets is missing");
    }
    SafeTensor tensor;
    if (!dtype->is_string()) return broken(name, "dtype is no text");
    tensor.dtype = dtype->get<std::string>();
    const auto each = element_bytes(tensor.dtype);
    if (!each) return broken(name, "dtype is unknown");
    ALV_RETURN_IF_ERROR(read_shape(name, *shape, tensor));
    if (!offsets->is_array() || offsets->size() != 2 || !(*offsets)[0].is_number_unsigned() ||
        !(*offsets)[1].is_number_unsigned()) {
        return broken(name, "data_offsets is no pair of sizes");
    }
    const auto begin = (*offsets)[0].get<uint64_t>();
    const auto end = (*offsets)[1].get<uint64_t>();
    if (begin > end || end > data_size) return broken(name, "data_offsets lie past the file's end");
    const auto bytes = checked_mul(tensor.n_elements, *each);
    if (!bytes || *bytes != end - begin) return broken(name, "data_offsets and shape disagree");
    tensor.offset = data_at + begin;
    tensor.size_bytes = end - begin;
    return tensor;
}

Status check_overlaps(const std::map<std::string, SafeTensor, std::less<>>& tensors) {
    std::vector<std::pair<uint64_t, const std::string*>> order;
    for (const auto& [name, tensor] : tensors) {
        if (tensor.size_bytes != 0) order.emplace_back(tensor.offset, &name);
    }
    std::sort(order.begin(), order.end());
    for (size_t i = 1; i < order.size(); ++i) {
        const SafeTensor& before = tensors.at(*order[i - 1].second);
        if (before.offset + before.size_bytes > order[i].first) {
            return broken(*order[i].second, "overlaps another");
        }
    }
    return ok_status();
}

}  // namespace

Result<Safetensors> Safetensors::open(std::shared_ptr<const File> file) {
    if (file->size() < 8) return corrupt_file("safetensors: the file has no header");
    ALV_ASSIGN_OR_RETURN(const FileBytes head, file->read(0, 8));
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, head.bytes.data(), sizeof header_bytes);
    if (header_bytes > file->size() - 8) {
        return corrupt_file("safetensors: the header's size is past the file's end");
    }
    if (header_bytes > kMaxHeaderBytes) {
        return limit_exceeded("safetensors: the header has more than 100 MB");
    }
    ALV_ASSIGN_OR_RETURN(const FileBytes text, file->read(8, header_bytes));
    ALV_ASSIGN_OR_RETURN(const Json header,
                         parse_json({reinterpret_cast<const char*>(text.bytes.data()),
                                     static_cast<size_t>(header_bytes)},
                                    "safetensors header"));
    if (!header.is_object()) return corrupt_file("safetensors: the header is no object");
    if (header.size() > kMaxTensors) return limit_exceeded("safetensors: more than 65,536 tensors");
    Safetensors out;
    const uint64_t data_at = 8 + header_bytes;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") continue;
        ALV_ASSIGN_OR_RETURN(SafeTensor tensor,
                             read_tensor(name, entry, data_at, file->size() - data_at));
        out.tensors_.emplace(name, std::move(tensor));
    }
    ALV_RETURN_IF_ERROR(check_overlaps(out.tensors_));
    out.file_ = std::move(file);
    return out;
}

const SafeTensor* Safetensors::find(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
}

Status Safetensors::read(const SafeTensor& tensor, uint64_t first, uint64_t n,
                         std::vector<float>& out) const {
    const auto type = readable_type(tensor.dtype);
    if (!type) {
        return unsupported("a tensor of type " + tensor.dtype +
                           " where weights are wanted: F32, F16 and BF16 can be converted");
    }
    if (first > tensor.n_elements || n > tensor.n_elements - first) {
        return internal_error("a read past a tensor's end");
    }
    const uint64_t each = tensor.size_bytes / std::max<uint64_t>(1, tensor.n_elements);
    ALV_ASSIGN_OR_RETURN(const FileBytes bytes,
                         file_->read(tensor.offset + first * each, n * each));
    // Tensors may lie at any offset; what is converted needs an aligned one.
    const std::vector<uint8_t> aligned(bytes.bytes.begin(), bytes.bytes.end());
    out.resize(static_cast<size_t>(n));
    if (n != 0 && !dequantize_row(*type, aligned.data(), out.data(), n)) {
        return internal_error("a float type without a reader");
    }
    file_->release(tensor.offset + first * each, n * each);
    return ok_status();
}

}  // namespace alv::convert
