// Vocabularies for the tokenizers' tests: of files, and a tiny one made up here.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "gguf/reader.h"
#include "model/vocabulary.h"
#include "text/tokenizer.h"

namespace alv::text::test {

using TokenizerPtr = std::unique_ptr<const Tokenizer>;

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file.good()) << path << " is missing; tests/run.sh fetches it";
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
}

// Null, and a failure, where the file is missing or refused.
inline TokenizerPtr load_tokenizer(const std::string& path) {
    auto file = open_mapped_file(path);
    if (!file.ok()) {
        ADD_FAILURE() << file.status().message() << " (tests/run.sh fetches it)";
        return nullptr;
    }
    auto reader = gguf::Reader::open(*file);
    if (!reader.ok()) {
        ADD_FAILURE() << path << ": " << reader.status().message();
        return nullptr;
    }
    auto vocabulary = model::read_vocabulary(**reader);
    if (!vocabulary.ok()) {
        ADD_FAILURE() << path << ": " << vocabulary.status().message();
        return nullptr;
    }
    auto tokenizer = Tokenizer::create(std::move(*vocabulary));
    if (!tokenizer.ok()) {
        ADD_FAILURE() << path << ": " << tokenizer.status().message();
        return nullptr;
    }
    return std::move(*tokenizer);
}

inline TokenizerPtr load_model_tokenizer(const std::string& name) {
    return load_tokenizer(std::string(ALV_TEST_MODEL_DIR) + "/" + name);
}
inline TokenizerPtr load_conformance_tokenizer(const std::string& name) {
    return load_tokenizer(std::string(ALV_TEST_CONFORMANCE_DIR) + "/ggml-vocab-" + name + ".gguf");
}

inline constexpr const char* kSmolLm2 = "SmolLM2-135M-Instruct.Q4_1.gguf";
inline constexpr const char* kGemma3 = "gemma-3-270m-q4_k_m.gguf";

inline std::vector<TokenId> encode(const Tokenizer& tokenizer, const std::vector<TextPart>& parts) {
    std::vector<TokenId> ids;
    const Status status = tokenizer.encode(parts, ids);
    EXPECT_TRUE(status.ok()) << status.message();
    return ids;
}
inline std::vector<TokenId> encode(const Tokenizer& tokenizer, std::string_view text,
                                   bool parse_special = false) {
    return encode(tokenizer, std::vector<TextPart>{{text, parse_special}});
}

inline std::string decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                          bool render_special = false) {
    std::string text;
    for (const TokenId id : ids) text += tokenizer.decode(id, render_special);
    return text;
}

// Appends a token and returns its id.
inline TokenId add_token(Vocabulary& vocabulary, std::string text, TokenType type,
                         float score = 0.0f) {
    vocabulary.tokens.push_back(std::move(text));
    vocabulary.types.push_back(static_cast<int64_t>(type));
    vocabulary.scores.push_back(score);
    return static_cast<TokenId>(vocabulary.tokens.size() - 1);
}

// SPM: <unk> <s> </s>, the 256 byte tokens, one character each of "\u2581abcdefghij", some merges,
// <|im_end|> (control) and "\n\n" (user-defined).
inline Vocabulary small_spm() {
    Vocabulary v;
    v.model = "llama";
    v.unknown = add_token(v, "<unk>", TokenType::kUnknown);
    v.bos = add_token(v, "<s>", TokenType::kControl);
    v.eos = add_token(v, "</s>", TokenType::kControl);
    for (int b = 0; b < 256; ++b) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(b));
        add_token(v, name, TokenType::kByte);
    }
    add_token(v, "\xE2\x96\x81", TokenType::kNormal, -100);
    for (char c = 'a'; c <= 'j'; ++c) add_token(v, std::string(1, c), TokenType::kNormal, -100);
    add_token(v, "ab", TokenType::kNormal, -1);
    add_token(v, "abc", TokenType::kNormal, -2);
    add_token(v,
              "\xE2\x96\x81"
              "a",
              TokenType::kNormal, -3);
    v.eot = add_token(v, "<|im_end|>", TokenType::kControl);
    add_token(v, "\n\n", TokenType::kUserDefined);
    return v;
}

// Byte-level BPE: the 256 bytes, "ab", "abc", <|im_end|> (control), "  " (user-defined).
inline Vocabulary small_bpe(const std::string& pre = "gpt-2") {
    Vocabulary v;
    v.model = "gpt2";
    v.pre = pre;
    v.add_space_prefix = false;
    uint32_t next = 0x100;
    for (uint32_t b = 0; b < 256; ++b) {
        const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        const uint32_t c = printable ? b : next++;
        std::string text;
        if (c < 0x80) {
            text = std::string(1, static_cast<char>(c));
        } else {
            text = {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
        }
        add_token(v, text, TokenType::kNormal);
    }
    add_token(v, "ab", TokenType::kNormal);
    add_token(v, "abc", TokenType::kNormal);
    v.merges = {"a b", "ab c"};
    v.eos = v.bos = add_token(v, "<|im_end|>", TokenType::kControl);
    add_token(v, "  ", TokenType::kUserDefined);
    return v;
}

inline TokenizerPtr create(Vocabulary vocabulary) {
    auto tokenizer = Tokenizer::create(std::move(vocabulary));
    if (!tokenizer.ok()) {
        ADD_FAILURE() << tokenizer.status().message();
        return nullptr;
    }
    return std::move(*tokenizer);
}

}  // namespace alv::text::test
