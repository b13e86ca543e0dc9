// Tensors: dims, types, blocks, offsets.
#include "base/dtype.h"
#include "gguf/hostile_files.h"

namespace alv::gguf::test {
namespace {

// A file with this one tensor in place of the last of the valid ones.
RawFile with_tensor(RawTensor tensor) {
    RawFile file = valid_file();
    tensor.name = "last";
    tensor.offset = file.tensors.back().offset;
    file.tensors.back() = std::move(tensor);
    return file;
}

RawFile with_dims(std::vector<uint64_t> dims, uint32_t type) {
    return with_tensor({"", std::move(dims), type, 0, {}, {}});
}

std::string text_of(const std::vector<uint64_t>& dims) {
    std::string text;
    for (const uint64_t dim : dims) text += (text.empty() ? "" : " x ") + std::to_string(dim);
    return text;
}

}  // namespace

void add_dims(Corpus& corpus) {
    corpus.begin_class("dims");
    for (const uint32_t n_dims : {0U, 5U, 6U, 255U, 1U << 31, UINT32_MAX}) {
        RawFile file = with_dims({32}, 0);
        file.tensors.back().n_dims = n_dims;
        corpus.add("n_dims " + std::to_string(n_dims), file, {"n_dims"});
    }
    for (const uint64_t five_or_more : {5, 8}) {
        corpus.add(std::to_string(five_or_more) + " dims that are there",
                   with_dims(std::vector<uint64_t>(five_or_more, 32), 0), {"n_dims"});
    }
    for (size_t position = 0; position < 4; ++position) {
        for (const uint64_t dim :
             {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63, static_cast<uint64_t>(INT64_MAX)}) {
            std::vector<uint64_t> dims(4, 32);
            dims[position] = dim;
            const bool alone_refused = dim != static_cast<uint64_t>(INT64_MAX);
            corpus.add(text_of(dims), with_dims(dims, 0),
                       {alone_refused ? "dims[" + std::to_string(position) + "]" : "dims"});
        }
    }
    constexpr uint32_t kF32 = 0, kF16 = 1, kQ4_0 = 2, kI8 = 24, kF64 = 28;
    struct Shape {
        std::vector<uint64_t> dims;
        uint32_t type;
        std::string word;
    };
    const std::vector<Shape> shapes{
        // The product of the elements wraps, to 0 or to something small.
        {{1ULL << 32, 1ULL << 32}, kF32, "dims"},
        {{1ULL << 32, 1ULL << 31, 2}, kI8, "dims"},
        {{1ULL << 62, 4}, kF32, "dims"},
        {{1ULL << 62, 2}, kI8, "dims"},  // 2^63: no wrap, but no longer a signed number
        {{1ULL << 62, 2, 2}, kQ4_0, "dims"},
        {{1ULL << 21, 1ULL << 21, 1ULL << 21, 1ULL << 21}, kF32, "dims"},
        {{32, (1ULL << 59) + 1}, kI8, "dims"},
        {{32, UINT64_MAX / 32 + 2}, kF32, "dims"},
        {{3, 6148914691236517206ULL}, kI8, "dims"},  // 3 x that is 2^64 + 2
        // The elements do not wrap, the bytes do.
        {{1ULL << 62}, kF32, "dims"},
        {{1ULL << 61}, kF64, "dims"},
        {{1ULL << 31, 1ULL << 31}, kF32, "dims"},
        {{INT64_MAX}, kF16, "offset"},
        // The bytes do not wrap, but with padding or the place of the data they do.
        {{(1ULL << 63) - 16}, kF16, "offset"},
        {{(1ULL << 62) - 8}, kF32, "offset"},
        {{INT64_MAX}, kI8, "offset"},
        // No wrap at all: only more than there is.
        {{1ULL << 40}, kI8, "offset"},
        {{32, 1ULL << 20}, kQ4_0, "offset"},
        {{577}, kI8, "offset"},
    };
    for (const Shape& shape : shapes) {
        corpus.add(text_of(shape.dims) + " of type " + std::to_string(shape.type),
                   with_dims(shape.dims, shape.type), {shape.word});
    }
}

void add_tensor_types(Corpus& corpus) {
    corpus.begin_class("tensor types");
    for (const uint32_t type : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 40U, 41U, 64U, 255U, 65536U,
                                1U << 31, UINT32_MAX}) {
        corpus.add("type " + std::to_string(type), with_dims({256}, type), {"type"},
                   Code::kUnsupported);
    }
    for (uint32_t type = 0; type < 40; ++type) {
        const auto traits = dtype_traits(type);
        if (!traits || traits->block_elements == 1) continue;
        const uint64_t block = traits->block_elements;
        for (const uint64_t cols : {uint64_t{1}, block / 2, block - 1, block + 1}) {
            // As many rows as make the whole tensor a multiple of the block: rows must be, too.
            corpus.add(std::string(traits->name) + " rows of " + std::to_string(cols),
                       with_dims({cols, block}, type), {"dims[0]"});
        }
    }
}

void add_offsets(Corpus& corpus) {
    corpus.begin_class("offsets");
    const RawFile valid = valid_file();
    const auto with_offset = [&](size_t tensor, uint64_t offset) {
        RawFile file = valid;
        file.tensors[tensor].offset = offset;
        return file;
    };
    for (size_t tensor = 0; tensor < valid.tensors.size(); ++tensor) {
        const uint64_t own = valid.tensors[tensor].offset;
        for (const uint64_t shift : {1, 4, 8, 16, 31}) {
            corpus.add(
                "tensor " + std::to_string(tensor) + " unaligned by " + std::to_string(shift),
                with_offset(tensor, own + shift), {"offset"});
        }
        for (const uint64_t offset :
             {valid.data_bytes, uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX - 31}) {
            corpus.add("tensor " + std::to_string(tensor) + " at " + std::to_string(offset),
                       with_offset(tensor, offset), {"offset"});
        }
        for (size_t other = 0; other < valid.tensors.size(); ++other) {
            if (other == tensor) continue;
            corpus.add("tensor " + std::to_string(tensor) + " upon " + std::to_string(other),
                       with_offset(tensor, valid.tensors[other].offset), {"offset"});
        }
    }
    corpus.add("partly over the one before", with_offset(1, 96), {"offset"});
    corpus.add("inside a larger one", with_offset(2, 320 + 256), {"offset"});
    RawFile short_by_one = valid;
    short_by_one.data_bytes -= 1;
    corpus.add("file one byte short", short_by_one, {"offset"});
    RawFile none = valid;
    none.data_bytes = 0;
    corpus.add("no data at all", none, {"offset"});
}

}  // namespace alv::gguf::test
