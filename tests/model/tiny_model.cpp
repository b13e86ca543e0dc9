#include "model/tiny_model.h"

#include "base/file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace alv::model::test {

namespace {

class Builder {
  public:
    explicit Builder(const TinyOptions& options) : options_(options), prefix_(options.arch + ".") {}

    std::vector<uint8_t> build();

  private:
    void number(const std::string& key, uint32_t value) {
        if (prefix_ + key != options_.skip_key) writer_.add_uint32(prefix_ + key, value);
    }
    void metadata();
    void vocabulary();
    void matrix(const std::string& name, uint32_t k, uint32_t rows, DType type);
    void gain(const std::string& name, uint32_t n);
    void layer(uint32_t index);

    const TinyOptions& options_;
    std::string prefix_;
    gguf::Writer writer_;
    std::mt19937 random_{17};
};

void Builder::metadata() {
    if (options_.skip_key != "general.architecture") {
        writer_.add_string("general.architecture", options_.arch);
    }
    writer_.add_string("general.name", "tiny");
    number("block_count", options_.n_layers);
    number("embedding_length", options_.dim);
    number("feed_forward_length", options_.ffn_dim);
    number("attention.head_count", options_.n_heads);
    number("attention.head_count_kv", options_.n_kv_heads);
    number("attention.key_length", options_.head_dim);
    number("attention.value_length", options_.head_dim);
    number("context_length", options_.context);
    if (options_.arch == "gemma3") number("attention.sliding_window", 64);
    writer_.add_float32(prefix_ + "attention.layer_norm_rms_epsilon", 1e-5f);
}

// Byte-level BPE without merges: the 256 bytes, then numbered tokens and an end token.
void Builder::vocabulary() {
    std::vector<std::string> tokens;
    std::vector<int32_t> types;
    uint32_t next = 256;
    for (uint32_t byte = 0; byte < 256; ++byte) {
        const bool printable =
            (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        const uint32_t point = printable ? byte : next++;
        std::string text;
        if (point < 128) {
            text.push_back(static_cast<char>(point));
        } else {
            text.push_back(static_cast<char>(0xc0 | point >> 6));
            text.push_back(static_cast<char>(0x80 | (point & 63)));
        }
        tokens.push_back(text);
        types.push_back(1);
    }
    while (tokens.size() < options_.n_vocab) {
        tokens.push_back("<extra" + std::to_string(tokens.size()) + ">");
        types.push_back(3);
    }
    tokens.back() = "<|end|>";
    writer_.add_string("tokenizer.ggml.model", "gpt2");
    writer_.add_string("tokenizer.ggml.pre", "gpt-2");
    writer_.add_strings("tokenizer.ggml.tokens", tokens);
    writer_.add_int32s("tokenizer.ggml.token_type", types);
    writer_.add_strings("tokenizer.ggml.merges", std::vector<std::string>{});
    writer_.add_uint32("tokenizer.ggml.eos_token_id", options_.n_vocab - 1);
}

void Builder::matrix(const std::string& name, uint32_t k, uint32_t rows, DType type) {
    if (name == options_.skip_tensor) return;
    const DTypeTraits& traits = dtype_traits(type);
    std::vector<uint8_t> data;
    std::normal_distribution<float> normal(0.0f, 1.0f / std::sqrt(static_cast<float>(k)));
    if (type == DType::kQ8_0) {
        data.resize(size_t{rows} * k / 32 * traits.block_bytes);
        const uint16_t scale = float_to_half(1.0f / 73.0f / std::sqrt(static_cast<float>(k)));
        for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(random_());
        for (size_t at = 0; at < data.size(); at += traits.block_bytes) {
            std::memcpy(&data[at], &scale, sizeof scale);
        }
    } else {
        std::vector<float> values(size_t{rows} * k);
        for (float& value : values) value = normal(random_);
        if (type == DType::kF32) {
            data.resize(values.size() * 4);
            std::memcpy(data.data(), values.data(), data.size());
        } else if (type == DType::kF16) {
            data.resize(values.size() * 2);
            for (size_t i = 0; i < values.size(); ++i) {
                const uint16_t half = float_to_half(values[i]);
                std::memcpy(&data[i * 2], &half, 2);
            }
        } else {  // any other type: zeros, for tests that never run it
            data.resize(values.size() / traits.block_elements * traits.block_bytes);
        }
    }
    writer_.add_tensor(name, type, {k, rows}, std::move(data));
}

void Builder::gain(const std::string& name, uint32_t n) {
    if (name == options_.skip_tensor) return;
    std::vector<float> values(n);
    std::uniform_real_distribution<float> near_one(0.8f, 1.2f);
    for (float& value : values) value = near_one(random_);
    std::vector<uint8_t> data(n * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    writer_.add_tensor(name, DType::kF32, {n}, std::move(data));
}

void Builder::layer(uint32_t index) {
    const std::string blk = "blk." + std::to_string(index) + ".";
    const uint32_t q = options_.n_heads * options_.head_dim;
    const uint32_t kv = options_.n_kv_heads * options_.head_dim;
    gain(blk + "attn_norm.weight", options_.dim);
    gain(blk + "ffn_norm.weight", options_.dim);
    matrix(blk + "attn_q.weight", options_.dim, q, options_.type);
    matrix(blk + "attn_k.weight", options_.dim, kv, options_.type);
    matrix(blk + "attn_v.weight", options_.dim, kv, options_.type);
    matrix(blk + "attn_output.weight", q, options_.dim, options_.type);
    matrix(blk + "ffn_gate.weight", options_.dim, options_.ffn_dim, options_.type);
    matrix(blk + "ffn_up.weight", options_.dim, options_.ffn_dim, options_.up_type);
    matrix(blk + "ffn_down.weight", options_.ffn_dim, options_.dim, options_.type);
    if (options_.arch != "gemma3") return;
    gain(blk + "post_attention_norm.weight", options_.dim);
    gain(blk + "post_ffw_norm.weight", options_.dim);
    gain(blk + "attn_q_norm.weight", options_.head_dim);
    gain(blk + "attn_k_norm.weight", options_.head_dim);
}

std::vector<uint8_t> Builder::build() {
    metadata();
    vocabulary();
    matrix("token_embd.weight", options_.dim, options_.n_vocab, options_.type);
    if (options_.own_head) matrix("output.weight", options_.dim, options_.n_vocab, options_.type);
    gain("output_norm.weight", options_.dim);
    for (uint32_t i = 0; i < options_.n_layers; ++i) layer(i);
    if (options_.extra) options_.extra(writer_);
    auto bytes = writer_.build();
    EXPECT_TRUE(bytes.ok()) << bytes.status().message();
    return bytes.ok() ? *bytes : std::vector<uint8_t>{};
}

}  // namespace

std::vector<uint8_t> tiny_model(const TinyOptions& options) {
    return Builder(options).build();
}

Result<std::shared_ptr<const gguf::Reader>> open_gguf(std::vector<uint8_t> bytes) {
    auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    return gguf::Reader::open(open_memory_file(*owner, owner));
}

}  // namespace alv::model::test
