// The bert row on a tiny encoder: it loads and runs, in every weight type; what contradicts itself
// is refused by the name of the key or tensor.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "base/file.h"
#include "gguf/writer.h"
#include "model/encoder.h"

namespace alv::model::test {
namespace {

constexpr uint32_t kDim = 64;
constexpr uint32_t kFfn = 96;
constexpr uint32_t kContext = 80;

struct TinyBert {
    DType type = DType::kF16;
    std::string skip;  // a key or tensor that is left out
    uint32_t n_heads = 2;
    std::function<void(gguf::Writer&)> extra;

    std::vector<uint8_t> build() const;

  private:
    void tensors(gguf::Writer& writer) const;
};

void add_floats(gguf::Writer& writer, const std::string& name, std::vector<uint64_t> dims,
                DType type, float center) {
    uint64_t n = 1;
    for (const uint64_t dim : dims) n *= dim;
    std::mt19937 random(static_cast<uint32_t>(std::hash<std::string>()(name)));
    std::normal_distribution<float> normal(center, 0.1f);
    std::vector<uint8_t> bytes(n * (type == DType::kF16 ? 2 : 4));
    for (uint64_t i = 0; i < n; ++i) {
        const float value = normal(random);
        const uint16_t half = float_to_half(value);
        if (type == DType::kF16) {
            std::memcpy(&bytes[i * 2], &half, 2);
        } else {
            std::memcpy(&bytes[i * 4], &value, 4);
        }
    }
    writer.add_tensor(name, type, std::move(dims), std::move(bytes));
}

void TinyBert::tensors(gguf::Writer& writer) const {
    const auto add = [&](const std::string& name, std::vector<uint64_t> dims, DType of,
                         float center = 0) {
        if (name != skip) add_floats(writer, name, std::move(dims), of, center);
    };
    add("token_embd.weight", {kDim, 40}, type);
    add("position_embd.weight", {kDim, kContext}, DType::kF32);
    add("token_types.weight", {kDim, 2}, DType::kF32);
    add("token_embd_norm.weight", {kDim}, DType::kF32, 1);
    add("token_embd_norm.bias", {kDim}, DType::kF32);
    for (const std::string layer : {"blk.0.", "blk.1."}) {
        for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
            add(layer + name + ".weight", {kDim, kDim}, type);
            add(layer + name + ".bias", {kDim}, DType::kF32);
        }
        add(layer + "ffn_up.weight", {kDim, kFfn}, type);
        add(layer + "ffn_up.bias", {kFfn}, DType::kF32);
        add(layer + "ffn_down.weight", {kFfn, kDim}, type);
        add(layer + "ffn_down.bias", {kDim}, DType::kF32);
        for (const char* name : {"attn_output_norm", "layer_output_norm"}) {
            add(layer + name + ".weight", {kDim}, DType::kF32, 1);
            add(layer + name + ".bias", {kDim}, DType::kF32);
        }
    }
}

std::vector<uint8_t> TinyBert::build() const {
    gguf::Writer writer;
    const auto number = [&](const std::string& key, uint32_t value) {
        if (key != skip) writer.add_uint32(key, value);
    };
    writer.add_string("general.architecture", "bert");
    number("bert.block_count", 2);
    number("bert.context_length", kContext);
    number("bert.embedding_length", kDim);
    number("bert.feed_forward_length", kFfn);
    number("bert.attention.head_count", n_heads);
    number("bert.pooling_type", 1);
    number("bert.max_sequence_length", 70);
    std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]"};
    std::vector<int32_t> types = {3, 2, 3, 3};
    while (tokens.size() < 40) {
        tokens.push_back("\u2581w" + std::to_string(tokens.size()));
        types.push_back(1);
    }
    writer.add_string("tokenizer.ggml.model", "bert");
    writer.add_strings("tokenizer.ggml.tokens", tokens);
    writer.add_int32s("tokenizer.ggml.token_type", types);
    number("tokenizer.ggml.bos_token_id", 2);
    number("tokenizer.ggml.eos_token_id", 3);
    number("tokenizer.ggml.unknown_token_id", 1);
    tensors(writer);
    if (extra) extra(writer);
    auto built = writer.build();
    EXPECT_TRUE(built.ok()) << built.status().message();
    return built.ok() ? *built : std::vector<uint8_t>();
}

Result<std::shared_ptr<const Model>> load(const TinyBert& tiny) {
    static const std::shared_ptr<gpu::Device> device =
        gpu::Device::create({}, std::make_shared<Log>()).value();
    auto bytes = std::make_shared<std::vector<uint8_t>>(tiny.build());
    ALV_ASSIGN_OR_RETURN(const auto reader, gguf::Reader::open(open_memory_file(*bytes, bytes)));
    return Model::load(device, reader, {});
}

std::vector<float> encode(Encoder& encoder, const std::vector<std::vector<text::TokenId>>& texts) {
    auto step = encoder.begin(texts);
    EXPECT_TRUE(step.ok()) << step.status().message();
    if (!step.ok()) return {};
    while (!(*step)->all_submitted()) {
        EXPECT_TRUE((*step)->submit_slice().ok());
        EXPECT_TRUE((*step)->wait(UINT64_MAX).ok());
    }
    return (*step)->result().value();
}

TEST(BertLoad, ATinyOneLoadsAndRuns) {
    for (const DType type : {DType::kF16, DType::kF32}) {
        TinyBert tiny;
        tiny.type = type;
        const auto model = load(tiny);
        ASSERT_TRUE(model.ok()) << model.status().message();
        EXPECT_EQ((*model)->hparams().max_tokens, 70u);
        EXPECT_EQ((*model)->memory().kv_bytes, 0u);
        EXPECT_TRUE((*model)->memory().fits);
        const auto encoder = Encoder::create(*model);
        ASSERT_TRUE(encoder.ok()) << encoder.status().message();
        const std::vector<text::TokenId> text(70, 5);  // over the end of a block
        const auto vectors = encode(**encoder, {{2, 7, 8, 3}, {2, 9, 3}});
        ASSERT_EQ(vectors.size(), 2 * kDim);
        const auto again = encode(**encoder, {{2, 9, 3}});
        EXPECT_EQ(std::vector<float>(vectors.begin() + kDim, vectors.end()), again);
        for (const float x : encode(**encoder, {text})) EXPECT_TRUE(std::isfinite(x));
    }
}

TEST(BertLoad, AnAbandonedRunLeavesTheEncoderUsable) {
    const auto model = load({});
    ASSERT_TRUE(model.ok()) << model.status().message();
    const auto encoder = Encoder::create(*model).value();
    const auto want = encode(*encoder, {{2, 7, 3}});
    {
        const std::vector<std::vector<text::TokenId>> other = {{2, 8, 9, 3}};
        auto step = encoder->begin(other);
        ASSERT_TRUE(step.ok());
        EXPECT_EQ((*step)->result().status().code(), Code::kInvalidState);
        ASSERT_TRUE((*step)->submit_slice().ok());
    }
    EXPECT_EQ(encode(*encoder, {{2, 7, 3}}), want);
}

TEST(BertLoad, WhatIsMissingOrWrongIsNamed) {
    for (const char* name : {"bert.block_count", "bert.context_length", "token_types.weight",
                             "position_embd.weight", "token_embd_norm.bias", "blk.1.attn_k.bias",
                             "blk.0.ffn_up.weight", "blk.1.layer_output_norm.bias"}) {
        TinyBert tiny;
        tiny.skip = name;
        const auto model = load(tiny);
        ASSERT_FALSE(model.ok()) << name;
        EXPECT_EQ(model.status().code(), Code::kCorruptFile) << model.status().message();
        EXPECT_NE(model.status().message().find(name), std::string::npos)
            << model.status().message();
    }
    struct Wrong {
        const char* skip;
        std::function<void(gguf::Writer&)> extra;
        const char* says;
    };
    const std::vector<Wrong> all = {
        {"bert.pooling_type", [](auto& w) { w.add_uint32("bert.pooling_type", 4); },
         "pooling_type"},
        {"bert.max_sequence_length", [](auto& w) { w.add_uint32("bert.max_sequence_length", 2); },
         "max_sequence_length"},
        {"", [](auto& w) { w.add_bool("bert.attention.causal", true); }, "causal"},
        {"", [](auto& w) { w.add_float32("bert.attention.layer_norm_epsilon", -1); },
         "layer_norm_epsilon"},
        {"blk.0.attn_q.bias",
         [](auto& w) { add_floats(w, "blk.0.attn_q.bias", {kFfn}, DType::kF32, 0); },
         "blk.0.attn_q.bias"},
        {"position_embd.weight",
         [](auto& w) {
             add_floats(w, "position_embd.weight", {kDim, 8}, DType::kF32, 0);
         },
         "position_embd.weight"},
    };
    for (const Wrong& wrong : all) {
        TinyBert tiny;
        tiny.skip = wrong.skip;
        tiny.extra = wrong.extra;
        const auto model = load(tiny);
        ASSERT_FALSE(model.ok()) << wrong.says;
        EXPECT_NE(model.status().message().find(wrong.says), std::string::npos)
            << model.status().message();
    }
    TinyBert heads;
    heads.n_heads = 4;  // of 16 dimensions
    EXPECT_EQ(load(heads).status().code(), Code::kUnsupported);
}

}  // namespace
}  // namespace alv::model::test
