// The reader and the dequantizers on the two models of the test set-up, against what gguf-py 0.19
// (the format's own Python package) says of the same files; made by tests/gguf/real_models.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/dtype.h"
#include "gguf/reader.h"
#include "gguf/real_models_goldens.h"

namespace alv::gguf {
namespace {

std::shared_ptr<const Reader> open_model(const std::string& name) {
    const auto file = open_mapped_file(std::string(ALV_TEST_MODEL_DIR) + "/" + name);
    if (!file.ok()) {
        ADD_FAILURE() << file.status().message() << " (tests/run.sh fetches the models)";
        return nullptr;
    }
    const auto reader = Reader::open(*file);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    return reader.ok() ? *reader : nullptr;
}

uint64_t fnv1a(const void* data, size_t size, uint64_t hash = 0xCBF29CE484222325ULL) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001B3ULL;
    return hash;
}

class RealModels : public testing::TestWithParam<ModelGolden> {};

TEST_P(RealModels, DirectoryAndVocabulary) {
    const ModelGolden& golden = GetParam();
    const auto reader = open_model(golden.file);
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->entries().size(), golden.n_entries);
    EXPECT_EQ(reader->tensors().size(), golden.n_tensors);
    EXPECT_EQ(*reader->get_string("general.architecture"), golden.architecture);
    const auto tokens = reader->get_strings("tokenizer.ggml.tokens");
    ASSERT_TRUE(tokens.ok()) << tokens.status().message();
    EXPECT_EQ(tokens->size(), golden.n_tokens);
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (const std::string& token : *tokens) {
        hash = fnv1a(token.data(), token.size(), hash);
        hash = fnv1a("", 1, hash);
    }
    EXPECT_EQ(hash, golden.tokens_fnv1a);
}

TEST_P(RealModels, RowsOfOneTensorOfEachTypeToTheBit) {
    const auto reader = open_model(GetParam().file);
    ASSERT_NE(reader, nullptr);
    for (const TensorGolden& golden : GetParam().tensors) {
        const TensorInfo* tensor = reader->find_tensor(golden.name);
        ASSERT_NE(tensor, nullptr) << golden.name;
        EXPECT_EQ(dtype_traits(tensor->type).name, golden.type) << golden.name;
        EXPECT_EQ(tensor->dims[0], golden.cols) << golden.name;
        EXPECT_EQ(tensor->n_elements / tensor->dims[0], golden.rows) << golden.name;
        const auto data = reader->file().read(tensor->offset, tensor->size_bytes);
        ASSERT_TRUE(data.ok()) << data.status().message();
        // Eight rows from the middle, to the bit.
        const DTypeTraits& traits = dtype_traits(tensor->type);
        const uint64_t row_bytes = golden.cols / traits.block_elements * traits.block_bytes;
        const uint64_t n_rows = std::min<uint64_t>(8, golden.rows);
        std::vector<float> rows(n_rows * golden.cols);
        ASSERT_TRUE(dequantize_row(tensor->type, &data->bytes[golden.rows / 2 * row_bytes],
                                   rows.data(), rows.size()));
        EXPECT_EQ(fnv1a(rows.data(), rows.size() * sizeof(float)), golden.rows_fnv1a)
            << golden.name << " of type " << golden.type;
    }
}

TEST_P(RealModels, TheSameThroughAVtable) {
    const auto mapped = open_model(GetParam().file);
    ASSERT_NE(mapped, nullptr);
    uint64_t bytes_read = 0;
    VirtualFileOps ops;
    ops.size_bytes = mapped->file().size();
    ops.read_at = [&](uint64_t offset, std::span<uint8_t> dst) -> Status {
        ALV_ASSIGN_OR_RETURN(const FileBytes part, mapped->file().read(offset, dst.size()));
        std::memcpy(dst.data(), part.bytes.data(), dst.size());
        bytes_read += dst.size();
        return ok_status();
    };
    const auto reader = Reader::open(open_virtual_file(std::move(ops)));
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    ASSERT_EQ((*reader)->tensors().size(), mapped->tensors().size());
    for (size_t i = 0; i < mapped->tensors().size(); ++i) {
        EXPECT_EQ((*reader)->tensors()[i].offset, mapped->tensors()[i].offset);
    }
    EXPECT_EQ(*(*reader)->get_strings("tokenizer.ggml.tokens"),
              *mapped->get_strings("tokenizer.ggml.tokens"));
    EXPECT_LE(bytes_read, 2 * mapped->tensors()[0].offset + (64 << 10)) << "only the header";
}

std::string name_of(const testing::TestParamInfo<ModelGolden>& info) {
    return info.param.architecture;
}
INSTANTIATE_TEST_SUITE_P(Models, RealModels, testing::ValuesIn(kModelGoldens), name_of);

}  // namespace
}  // namespace alv::gguf
