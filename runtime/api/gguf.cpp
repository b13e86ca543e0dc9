#include "alviss/gguf.h"

#include "api/bytes.h"
#include "api/call.h"
#include "api/json.h"
#include "api/model_source.h"
#include "api/versioned.h"
#include "base/dtype.h"
#include "base/utf8.h"

struct alv_gguf {
    std::shared_ptr<const alv::gguf::Reader> reader;
    // Names may be any bytes; these are UTF-8 and end in a NUL.
    std::vector<std::string> keys;
    std::vector<std::string> tensor_names;
};

using namespace alv;
using namespace alv::api;

void alv_gguf_entry_init(alv_gguf_entry* out_entry, uint32_t struct_size) {
    const alv_gguf_entry defaults = ALV_GGUF_ENTRY_INIT;
    init_struct(out_entry, struct_size, defaults);
}

void alv_gguf_tensor_init(alv_gguf_tensor* out_tensor, uint32_t struct_size) {
    const alv_gguf_tensor defaults = ALV_GGUF_TENSOR_INIT;
    init_struct(out_tensor, struct_size, defaults);
}

alv_status alv_gguf_open(const alv_model_options* options, alv_gguf** out_gguf,
                         alv_error** out_error) {
    if (out_gguf) *out_gguf = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(out_gguf);
        ALV_ASSIGN_OR_RETURN(const alv_model_options read, read_model_options(options));
        auto file = std::make_unique<alv_gguf>();
        ALV_ASSIGN_OR_RETURN(file->reader, open_reader(read));
        for (const gguf::Entry& entry : file->reader->entries()) {
            file->keys.push_back(utf8::replace_invalid(entry.key));
        }
        for (const gguf::TensorInfo& tensor : file->reader->tensors()) {
            file->tensor_names.push_back(utf8::replace_invalid(tensor.name));
        }
        *out_gguf = file.release();
        return ok_status();
    });
}

void alv_gguf_release(alv_gguf* gguf) {
    delete gguf;
}

uint32_t alv_gguf_version(const alv_gguf* gguf) {
    return gguf ? gguf->reader->version() : 0;
}

uint64_t alv_gguf_entry_count(const alv_gguf* gguf) {
    return gguf ? gguf->keys.size() : 0;
}

namespace {

Status check_index(uint64_t index, uint64_t count, const char* what) {
    if (index < count) return ok_status();
    return not_found("there is no " + std::string(what) + " " + std::to_string(index) +
                     ": the file has " + std::to_string(count));
}

alv_string static_view(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

alv_status alv_gguf_get_entry(const alv_gguf* gguf, uint64_t index, alv_gguf_entry* out_entry,
                              alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(gguf);
        ALV_REQUIRE(out_entry);
        ALV_RETURN_IF_ERROR(check_index(index, gguf->keys.size(), "entry"));
        const auto& from = gguf->reader->entries()[static_cast<size_t>(index)];
        alv_gguf_entry entry = ALV_GGUF_ENTRY_INIT;
        entry.is_array = from.type == alv::gguf::ValueType::kArray ? 1 : 0;
        entry.key = view_of(gguf->keys[static_cast<size_t>(index)]);
        entry.type = static_view(type_name(entry.is_array ? from.element_type : from.type));
        entry.count = from.count;
        return fill_struct(out_entry, entry, "alv_gguf_entry");
    });
}

alv_status alv_gguf_entry_json(const alv_gguf* gguf, uint64_t index, uint64_t max_elements,
                               alv_bytes** out_json, alv_error** out_error) {
    if (out_json) *out_json = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(gguf);
        ALV_REQUIRE(out_json);
        ALV_RETURN_IF_ERROR(check_index(index, gguf->keys.size(), "entry"));
        const auto& entry = gguf->reader->entries()[static_cast<size_t>(index)];
        ALV_ASSIGN_OR_RETURN(std::string json, entry_to_json(*gguf->reader, entry, max_elements));
        *out_json = make_bytes(std::move(json));
        return ok_status();
    });
}

uint64_t alv_gguf_tensor_count(const alv_gguf* gguf) {
    return gguf ? gguf->tensor_names.size() : 0;
}

alv_status alv_gguf_get_tensor(const alv_gguf* gguf, uint64_t index, alv_gguf_tensor* out_tensor,
                               alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(gguf);
        ALV_REQUIRE(out_tensor);
        ALV_RETURN_IF_ERROR(check_index(index, gguf->tensor_names.size(), "tensor"));
        const auto& from = gguf->reader->tensors()[static_cast<size_t>(index)];
        alv_gguf_tensor tensor = ALV_GGUF_TENSOR_INIT;
        tensor.n_dims = from.n_dims;
        tensor.name = view_of(gguf->tensor_names[static_cast<size_t>(index)]);
        tensor.type = static_view(dtype_traits(from.type).name);
        for (size_t i = 0; i < from.dims.size(); ++i) tensor.dims[i] = from.dims[i];
        tensor.offset = from.offset;
        tensor.size_bytes = from.size_bytes;
        return fill_struct(out_tensor, tensor, "alv_gguf_tensor");
    });
}
