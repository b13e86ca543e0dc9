// A look into a file, without a runtime.
#include "abi/host.h"

namespace alv::test {
namespace {

class Gguf : public testing::Test {
  protected:
    void SetUp() override {
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.data = bytes.data();
        options.data_size = bytes.size();
        ASSERT_EQ(alv_gguf_open(&options, &gguf, nullptr), ALV_STATUS_OK);
    }
    void TearDown() override { alv_gguf_release(gguf); }

    // The entry of this key: "type json".
    std::string entry(const std::string& key, uint64_t max_elements = 100) {
        for (uint64_t i = 0; i < alv_gguf_entry_count(gguf); ++i) {
            alv_gguf_entry found = ALV_GGUF_ENTRY_INIT;
            EXPECT_EQ(alv_gguf_get_entry(gguf, i, &found, nullptr), ALV_STATUS_OK);
            if (text_of(found.key) != key) continue;
            alv_bytes* json = nullptr;
            EXPECT_EQ(alv_gguf_entry_json(gguf, i, max_elements, &json, nullptr), ALV_STATUS_OK);
            std::string out = text_of(found.type);
            if (found.is_array) out += "[" + std::to_string(found.count) + "]";
            out += " " + text_of(alv_bytes_text(json));
            alv_bytes_release(json);
            return out;
        }
        return "none";
    }

    std::vector<uint8_t> bytes = local::test::fake_gguf();
    alv_gguf* gguf = nullptr;
};

TEST_F(Gguf, Metadata) {
    EXPECT_EQ(alv_gguf_version(gguf), 3u);
    EXPECT_EQ(entry("general.name"), "string \"A \\\"fake\\\"\"");
    EXPECT_EQ(entry("fake.block_count"), "uint32 3");
    EXPECT_EQ(entry("fake.epsilon"), "float32 0.5");
    EXPECT_EQ(entry("fake.flag"), "bool true");
    EXPECT_EQ(entry("fake.offset"), "int32 -7");
    EXPECT_EQ(entry("fake.words"), "string[3] [\"a\",\"b\\n\",\"c\"]");
    EXPECT_EQ(entry("fake.words", 1), "string[3] [\"a\"]");
    EXPECT_EQ(entry("fake.words", 0), "string[3] []");
}

TEST_F(Gguf, Tensors) {
    ASSERT_EQ(alv_gguf_tensor_count(gguf), 1u);
    alv_gguf_tensor tensor = ALV_GGUF_TENSOR_INIT;
    ASSERT_EQ(alv_gguf_get_tensor(gguf, 0, &tensor, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(text_of(tensor.name), "token_embd.weight");
    EXPECT_EQ(text_of(tensor.type), "F32");
    EXPECT_EQ(tensor.n_dims, 2u);
    EXPECT_EQ(tensor.dims[0], 4u);
    EXPECT_EQ(tensor.dims[1], 2u);
    EXPECT_EQ(tensor.dims[2], 1u);
    EXPECT_EQ(tensor.size_bytes, 32u);
    EXPECT_EQ(tensor.offset % 32, 0u);
}

TEST_F(Gguf, PastTheEndIsNotFound) {
    alv_gguf_entry found = ALV_GGUF_ENTRY_INIT;
    alv_gguf_tensor tensor = ALV_GGUF_TENSOR_INIT;
    alv_bytes* json = nullptr;
    EXPECT_EQ(alv_gguf_get_entry(gguf, 99, &found, nullptr), ALV_STATUS_NOT_FOUND);
    EXPECT_EQ(alv_gguf_entry_json(gguf, UINT64_MAX, 1, &json, nullptr), ALV_STATUS_NOT_FOUND);
    EXPECT_EQ(alv_gguf_get_tensor(gguf, 1, &tensor, nullptr), ALV_STATUS_NOT_FOUND);
}

}  // namespace
}  // namespace alv::test
