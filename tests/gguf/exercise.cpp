#include "gguf/exercise.h"

#include <cstdio>
#include <cstdlib>

#include "gguf/reader.h"

namespace alv::gguf::test {
namespace {

void require(bool promise, const char* what) {
    if (promise) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

// Every getter on every key: a value or an error, and the sizes that the entry says.
void read_entry(const Reader& reader, const Entry& entry) {
    require(reader.find(entry.key) == &entry, "find() gives the entry of its key");
    static_cast<void>(reader.get_uint(entry.key));
    static_cast<void>(reader.get_float(entry.key));
    static_cast<void>(reader.get_bool(entry.key));
    static_cast<void>(reader.get_string(entry.key));
    const auto strings = reader.get_strings(entry.key);
    const auto floats = reader.get_floats(entry.key);
    const auto ints = reader.get_ints(entry.key);
    require(!strings.ok() || strings->size() == entry.count, "as many strings as counted");
    require(!floats.ok() || floats->size() == entry.count, "as many floats as counted");
    require(!ints.ok() || ints->size() == entry.count, "as many integers as counted");
    require(entry.offset <= reader.file().size() &&
                entry.size_bytes <= reader.file().size() - entry.offset,
            "an entry lies in the file");
}

void read_tensor(const Reader& reader, const TensorInfo& tensor) {
    require(reader.find_tensor(tensor.name) == &tensor, "find_tensor() gives the tensor");
    require(tensor.offset % reader.alignment() == 0, "a tensor is aligned");
    const auto bytes = reader.file().read(tensor.offset, tensor.size_bytes);
    require(bytes.ok(), "a tensor lies in the file");
    uint64_t n = 1;
    for (const uint64_t dim : tensor.dims) n *= dim;
    require(n == tensor.n_elements && n > 0, "n_elements is the product of dims");
    const DTypeTraits& traits = dtype_traits(tensor.type);
    require(n / traits.block_elements * traits.block_bytes == tensor.size_bytes,
            "size_bytes follows from dims and type");
    reader.file().release(tensor.offset, tensor.size_bytes);
}

}  // namespace

Status exercise(const std::shared_ptr<const File>& file) {
    const auto opened = Reader::open(file);
    if (!opened.ok()) {
        require(!opened.status().message().empty(), "an error has a message");
        return opened.status();
    }
    const Reader& reader = **opened;
    for (const Entry& entry : reader.entries()) read_entry(reader, entry);
    for (const TensorInfo& tensor : reader.tensors()) read_tensor(reader, tensor);
    return ok_status();
}

}  // namespace alv::gguf::test
