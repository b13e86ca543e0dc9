// A small BERT becomes the GGUF that it should; whatever is wrong with one is refused by name.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/dtype.h"
#include "convert/small_bert.h"
#include "gguf/reader.h"

namespace alv::convert::test {
namespace {

std::shared_ptr<const gguf::Reader> read(const std::vector<uint8_t>& bytes) {
    auto owner = std::make_shared<std::vector<uint8_t>>(bytes);
    auto reader = gguf::Reader::open(open_memory_file(*owner, owner));
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    return reader.ok() ? *reader : nullptr;
}

TEST(Convert, ASmallBertHasItsKeysItsVocabularyAndItsTensors) {
    const SmallBert bert;
    std::vector<uint8_t> bytes;
    const Status status = bert.convert_to(bytes);
    ASSERT_TRUE(status.ok()) << status.message();
    const auto reader = read(bytes);
    ASSERT_NE(reader, nullptr);
    EXPECT_EQ(reader->get_string("general.architecture").value(), "bert");
    EXPECT_EQ(reader->get_uint("bert.block_count").value(), 2u);
    EXPECT_EQ(reader->get_uint("bert.context_length").value(), 16u);
    EXPECT_EQ(reader->get_uint("bert.max_sequence_length").value(), 12u);
    EXPECT_EQ(reader->get_uint("bert.pooling_type").value(), 1u);
    EXPECT_EQ(reader->get_uint("tokenizer.ggml.bos_token_id").value(), 2u);
    EXPECT_EQ(reader->get_uint("tokenizer.ggml.seperator_token_id").value(), 3u);
    EXPECT_EQ(reader->get_strings("tokenizer.ggml.tokens").value(),
              (std::vector<std::string>{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581hello",
                                        "ing", "\u2581."}));
    EXPECT_EQ(reader->get_ints("tokenizer.ggml.token_type").value(),
              (std::vector<int64_t>{3, 2, 3, 3, 3, 1, 1, 1}));
    EXPECT_EQ(reader->tensors().size(), 5u + 2 * 16);
    const gguf::TensorInfo* up = reader->find_tensor("blk.1.ffn_up.weight");
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(up->type, DType::kF16);
    EXPECT_EQ(up->dims[0], 64u);
    EXPECT_EQ(up->dims[1], 96u);
    EXPECT_EQ(reader->find_tensor("blk.1.ffn_up.bias")->type, DType::kF32);
}

TEST(Convert, ValuesAreThoseOfTheFile) {
    SmallBert bert;
    for (const Precision precision : {Precision::kF16, Precision::kF32}) {
        std::vector<uint8_t> bytes;
        ASSERT_TRUE(bert.convert_to(bytes, precision).ok());
        const auto reader = read(bytes);
        const gguf::TensorInfo* words = reader->find_tensor("token_embd.weight");
        const auto content = reader->file().read(words->offset, words->size_bytes);
        ASSERT_TRUE(content.ok());
        std::vector<float> values(words->n_elements);
        ASSERT_TRUE(
            dequantize_row(words->type, content->bytes.data(), values.data(), values.size()));
        const auto first =
            bert.weights.entry("embeddings.word_embeddings.weight")["data_offsets"][0]
                .get<uint64_t>() /
            4;
        for (size_t i = 0; i < values.size(); ++i) {
            const float want = static_cast<float>(first + i) / 1000;
            EXPECT_NEAR(values[i], want, precision == Precision::kF32 ? 0 : want / 1024);
        }
    }
}

struct Wrong {
    const char* name;
    std::function<void(SmallBert&)> spoil;
    Code code;
    const char* says;
};

TEST(Convert, WhatIsWrongIsRefusedByName) {
    const std::vector<Wrong> all = {
        {"another model", [](SmallBert& b) { b.config["model_type"] = "gpt2"; }, Code::kUnsupported,
         "gpt2"},
        {"no type", [](SmallBert& b) { b.config.erase("model_type"); }, Code::kCorruptFile,
         "model_type"},
        {"layers", [](SmallBert& b) { b.config["num_hidden_layers"] = 4294967295u; },
         Code::kCorruptFile, "num_hidden_layers"},
        {"negative", [](SmallBert& b) { b.config["hidden_size"] = -64; }, Code::kCorruptFile,
         "hidden_size"},
        {"text for a size", [](SmallBert& b) { b.config["vocab_size"] = "8"; }, Code::kCorruptFile,
         "vocab_size"},
        {"activation", [](SmallBert& b) { b.config["hidden_act"] = "relu"; }, Code::kUnsupported,
         "hidden_act"},
        {"positions", [](SmallBert& b) { b.config["position_embedding_type"] = "relative_key"; },
         Code::kUnsupported, "position_embedding_type"},
        {"epsilon", [](SmallBert& b) { b.config["layer_norm_eps"] = 0; }, Code::kCorruptFile,
         "layer_norm_eps"},
        {"pooling",
         [](SmallBert& b) {
             b.files["1_Pooling/config.json"] = R"({"pooling_mode_max_tokens": true})";
         },
         Code::kUnsupported, "pooling_mode_max_tokens"},
        {"no vocabulary", [](SmallBert& b) { b.files.erase("vocab.txt"); }, Code::kNotFound,
         "vocab.txt"},
        {"bytes in the vocabulary", [](SmallBert& b) { b.files["vocab.txt"] += "\xC3(\n"; },
         Code::kCorruptFile, "vocab.txt"},
        {"a long vocabulary", [](SmallBert& b) { b.files["vocab.txt"] += "one\nmore\n"; },
         Code::kCorruptFile, "vocab.txt"},
        {"no [CLS]", [](SmallBert& b) { b.files["vocab.txt"] = "[PAD]\n[UNK]\n"; },
         Code::kCorruptFile, "cls_token"},
        {"broken JSON", [](SmallBert& b) { b.files["tokenizer_config.json"] = "{"; },
         Code::kCorruptFile, "tokenizer_config.json"},
        {"deep JSON",
         [](SmallBert& b) { b.files["tokenizer_config.json"] = std::string(100000, '['); },
         Code::kCorruptFile, "64"},
        {"a missing tensor",
         [](SmallBert& b) { b.weights.erase("encoder.layer.1.output.dense.bias"); },
         Code::kCorruptFile, "encoder.layer.1.output.dense.bias"},
        {"a wrong shape",
         [](SmallBert& b) {
             b.weights.entry("embeddings.LayerNorm.bias")["shape"] = {8, 8};
         },
         Code::kCorruptFile, "embeddings.LayerNorm.bias"},
        {"whole numbers",
         [](SmallBert& b) { b.weights.entry("embeddings.LayerNorm.bias")["dtype"] = "I32"; },
         Code::kUnsupported, "I32"},
        {"NaN", [](SmallBert& b) { b.weights.data().replace(0, 4, "\xFF\xFF\xFF\x7F"); },
         Code::kCorruptFile, "not finite"},
        {"too large for F16",
         [](SmallBert& b) {
             const float large = 1e6f;
             const auto at = b.weights.entry("embeddings.word_embeddings.weight")["data_offsets"][0]
                                 .get<uint64_t>();
             b.weights.data().replace(at, 4, reinterpret_cast<const char*>(&large), 4);
         },
         Code::kLimitExceeded, "F16"},
    };
    for (const Wrong& wrong : all) {
        SmallBert bert;
        wrong.spoil(bert);
        std::vector<uint8_t> bytes;
        const Status status = bert.convert_to(bytes);
        EXPECT_EQ(status.code(), wrong.code) << wrong.name << ": " << status.message();
        EXPECT_NE(status.message().find(wrong.says), std::string::npos)
            << wrong.name << ": " << status.message();
    }
}

TEST(Convert, AFailureLeavesTheOutputAsItWas) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / "alviss_convert_test";
    fs::remove_all(folder);
    fs::create_directories(folder);
    SmallBert bert;
    const auto put = [&](const std::string& name, const std::string& content) {
        std::ofstream(folder / name, std::ios::binary) << content;
    };
    for (const auto& [name, content] : bert.files) put(name, content);
    put("config.json", bert.config.dump());
    put("model.safetensors", bert.weights.build());
    const std::string out = (folder / "out.gguf").string();
    ASSERT_TRUE(convert(folder.string(), out, Precision::kF16).ok());
    const auto size = fs::file_size(out);
    bert.weights.data().replace(0, 4, "\xFF\xFF\xFF\x7F");
    put("model.safetensors", bert.weights.build());
    EXPECT_FALSE(convert((folder / "model.safetensors").string(), out, Precision::kF16).ok());
    EXPECT_EQ(fs::file_size(out), size);
    EXPECT_FALSE(fs::exists(out + ".part"));
    EXPECT_EQ(convert((folder / "missing").string(), out, Precision::kF16).code(), Code::kNotFound);
    fs::remove_all(folder);
}

}  // namespace
}  // namespace alv::convert::test
