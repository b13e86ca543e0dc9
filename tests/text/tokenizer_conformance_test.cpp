// Token ids against the peer's vectors (llama.cpp's models/ggml-vocab-*.gguf.inp and .out, made by
// the models' own tokenizers) and against the goldens of the two models that the tests run.
#include <nlohmann/json.hpp>

#include "text/token_support.h"

namespace alv::text::test {
namespace {

class Vectors : public testing::TestWithParam<const char*> {};

TEST_P(Vectors, AllEqual) {
    const TokenizerPtr tokenizer = load_conformance_tokenizer(GetParam());
    ASSERT_NE(tokenizer, nullptr);
    const std::string path =
        std::string(ALV_TEST_CONFORMANCE_DIR) + "/ggml-vocab-" + GetParam() + ".gguf";
    const std::string input = read_file(path + ".inp");
    std::istringstream output(read_file(path + ".out"));
    const std::string separator = "\n__ggml_vocab_test__\n";
    size_t at = 0;
    int n_vectors = 0;
    for (size_t end = input.find(separator); end != std::string::npos;
         end = input.find(separator, at)) {
        const std::string text = input.substr(at, end - at);
        at = end + separator.size();
        std::string line;
        if (!std::getline(output, line)) break;
        std::istringstream numbers(line);
        std::vector<TokenId> expected;
        for (TokenId id = 0; numbers >> id;) expected.push_back(id);
        EXPECT_EQ(encode(*tokenizer, text), expected) << "[" << text << "]";
        ++n_vectors;
    }
    EXPECT_EQ(n_vectors, 46);
}

INSTANTIATE_TEST_SUITE_P(Peer, Vectors,
                         testing::Values("gpt-2", "llama-bpe", "llama-spm", "qwen2", "falcon",
                                         "starcoder", "phi-3", "deepseek-llm", "deepseek-coder",
                                         "command-r", "mpt", "refact"),
                         [](const auto& test) {
                             std::string name = test.param;
                             for (char& c : name) c = c == '-' ? '_' : c;
                             return name;
                         });

class Goldens : public testing::TestWithParam<const char*> {};

TEST_P(Goldens, PromptIdsAreThoseOfTheGoldens) {
    const TokenizerPtr tokenizer = load_model_tokenizer(GetParam());
    ASSERT_NE(tokenizer, nullptr);
    const auto goldens = nlohmann::json::parse(
        read_file(std::string(ALV_TEST_SOURCE_DIR) + "/goldens/generation.json"), nullptr, false);
    ASSERT_FALSE(goldens.is_discarded());
    const auto& prompts = goldens["models"][GetParam()]["prompts"];
    ASSERT_GE(prompts.size(), 1u);
    for (const auto& prompt : prompts) {
        const std::string text = prompt["text"];
        std::vector<TokenId> expected = prompt["ids"];
        std::vector<TokenId> ids = encode(*tokenizer, text, /*parse_special=*/true);
        if (!expected.empty() && expected[0] == tokenizer->vocabulary().bos &&
            (ids.empty() || ids[0] != expected[0])) {
            ids.insert(ids.begin(), expected[0]);
        }
        EXPECT_EQ(ids, expected) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(Models, Goldens, testing::Values(kSmolLm2, kGemma3), [](const auto& test) {
    return std::string(test.param == kSmolLm2 ? "SmolLM2" : "Gemma3");
});

TEST(TokenizerModels, EndTokens) {
    const TokenizerPtr smollm = load_model_tokenizer(kSmolLm2);
    const TokenizerPtr gemma = load_model_tokenizer(kGemma3);
    ASSERT_NE(smollm, nullptr);
    ASSERT_NE(gemma, nullptr);
    const auto ends = [](const Tokenizer& tokenizer) {
        std::vector<std::string> texts;
        for (uint32_t i = 0; i < tokenizer.size(); ++i) {
            const auto id = static_cast<TokenId>(i);
            if (tokenizer.is_end(id)) texts.push_back(tokenizer.decode(id, true));
        }
        return texts;
    };
    EXPECT_EQ(ends(*smollm), (std::vector<std::string>{"<|endoftext|>", "<|im_end|>"}));
    EXPECT_EQ(ends(*gemma), (std::vector<std::string>{"<eos>", "<end_of_turn>"}));
    EXPECT_FALSE(smollm->is_end(kNoToken));
}

}  // namespace
}  // namespace alv::text::test
