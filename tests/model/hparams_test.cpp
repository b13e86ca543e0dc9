// Hyper-parameters: both architectures are read, hostile numbers are refused by the key's name.
#include "model/hparams.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "model/tiny_model.h"

namespace alv::model::test {

namespace {

std::shared_ptr<const gguf::Reader> read(const std::vector<uint8_t>& bytes) {
    auto reader = open_gguf(bytes);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    return reader.ok() ? *reader : nullptr;
}

// The key is left out and given again with a hostile value.
struct Hostile {
    const char* key;
    uint64_t value;
    Code code;
};

}  // namespace

TEST(HParams, BothArchitecturesAreRead) {
    for (const char* arch : {"llama", "gemma3"}) {
        TinyOptions options;
        options.arch = arch;
        const auto hp = read_hparams(*read(tiny_model(options)));
        ASSERT_TRUE(hp.ok()) << hp.status().message();
        EXPECT_EQ(hp->arch->name, arch);
        EXPECT_EQ(hp->n_layers, 2u);
        EXPECT_EQ(hp->head_dim, 32u);
        EXPECT_EQ(hp->n_vocab, 300u);
        EXPECT_EQ(hp->train_context, 256u);
        EXPECT_EQ(hp->sliding_window, std::string(arch) == "gemma3" ? 64u : 0u);
    }
}

TEST(HParams, EverySixthLayerOfGemma3IsGlobal) {
    TinyOptions options;
    options.arch = "gemma3";
    options.n_layers = 13;
    const auto hp = read_hparams(*read(tiny_model(options)));
    ASSERT_TRUE(hp.ok());
    for (uint32_t i = 0; i < 13; ++i) EXPECT_EQ(hp->is_windowed(i), i != 5 && i != 11) << i;
}

TEST(HParams, HostileNumbersAreRefusedByName) {
    const std::vector<Hostile> cases = {
        {"llama.block_count", 0, Code::kCorruptFile},
        {"llama.block_count", 513, Code::kCorruptFile},
        {"llama.block_count", 0xffffffffu, Code::kCorruptFile},
        {"llama.embedding_length", 0, Code::kCorruptFile},
        {"llama.embedding_length", 63, Code::kUnsupported},
        {"llama.embedding_length", UINT64_MAX, Code::kCorruptFile},
        {"llama.feed_forward_length", 0, Code::kCorruptFile},
        {"llama.feed_forward_length", 33, Code::kUnsupported},
        {"llama.attention.head_count", 0, Code::kCorruptFile},
        {"llama.attention.head_count", 3, Code::kCorruptFile},
        {"llama.attention.head_count_kv", 0, Code::kCorruptFile},
        {"llama.attention.head_count_kv", 3, Code::kCorruptFile},
        {"llama.attention.key_length", 0, Code::kCorruptFile},
        {"llama.attention.key_length", 48, Code::kUnsupported},
        {"llama.attention.key_length", 512, Code::kUnsupported},
        {"llama.attention.value_length", 64, Code::kUnsupported},
        {"llama.context_length", 0, Code::kCorruptFile},
    };
    for (const Hostile& hostile : cases) {
        TinyOptions options;
        options.skip_key = hostile.key;
        options.extra = [&](gguf::Writer& writer) {
            writer.add_uint64(hostile.key, hostile.value);
        };
        const auto hp = read_hparams(*read(tiny_model(options)));
        ASSERT_FALSE(hp.ok()) << hostile.key << " = " << hostile.value;
        EXPECT_EQ(hp.status().code(), hostile.code) << hp.status().message();
        const std::string key = hostile.key;
        EXPECT_NE(hp.status().message().find(key.substr(0, 20)), std::string::npos)
            << hp.status().message();
    }
}

TEST(HParams, MissingAndWronglyTypedKeysAreNamed) {
    for (const char* key :
         {"general.architecture", "llama.block_count", "llama.embedding_length",
          "llama.feed_forward_length", "llama.attention.head_count", "llama.context_length"}) {
        TinyOptions options;
        options.skip_key = key;
        const auto missing = read_hparams(*read(tiny_model(options)));
        ASSERT_FALSE(missing.ok()) << key;
        EXPECT_EQ(missing.status().code(), Code::kCorruptFile);
        EXPECT_NE(missing.status().message().find(key), std::string::npos);
        options.extra = [&](gguf::Writer& writer) { writer.add_float32(key, 1.0f); };
        const auto wrong = read_hparams(*read(tiny_model(options)));
        ASSERT_FALSE(wrong.ok()) << key;
        EXPECT_EQ(wrong.status().code(), Code::kCorruptFile);
    }
}

TEST(HParams, RopeBaseMustBeAPositiveNumber) {
    for (const float base : {0.0f, -1.0f, std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN()}) {
        TinyOptions options;
        options.extra = [&](gguf::Writer& writer) {
            writer.add_float32("llama.rope.freq_base", base);
        };
        const auto hp = read_hparams(*read(tiny_model(options)));
        ASSERT_FALSE(hp.ok());
        EXPECT_EQ(hp.status().code(), Code::kCorruptFile);
        EXPECT_NE(hp.status().message().find("rope.freq_base"), std::string::npos);
    }
}

TEST(HParams, UnknownArchitectureIsNamed) {
    TinyOptions options;
    options.arch = "mamba9";
    const auto hp = read_hparams(*read(tiny_model(options)));
    ASSERT_FALSE(hp.ok());
    EXPECT_EQ(hp.status().code(), Code::kUnsupported);
    EXPECT_NE(hp.status().message().find("mamba9"), std::string::npos);
    EXPECT_NE(hp.status().message().find("llama, gemma3"), std::string::npos);
}

TEST(HParams, UnknownRopeScalingIsNamed) {
    TinyOptions options;
    options.extra = [](gguf::Writer& writer) {
        writer.add_string("llama.rope.scaling.type", "yarn");
    };
    const auto hp = read_hparams(*read(tiny_model(options)));
    ASSERT_FALSE(hp.ok());
    EXPECT_EQ(hp.status().code(), Code::kUnsupported);
    EXPECT_NE(hp.status().message().find("yarn"), std::string::npos);
}

}  // namespace alv::model::test
