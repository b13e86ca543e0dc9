// Documents drawn token by token from the masks over the real vocabularies, with random logits and
// no forward pass: every one matches its schema, by our validator and by Python's jsonschema.
// ALV_TEST_DOCUMENTS: how many a schema and vocabulary (40).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "base/file.h"
#include "base/json.h"
#include "local/token_grammar.h"
#include "model/vocabulary.h"
#include "schema/classes.h"
#include "schema/follow.h"
#include "text/tokenizer.h"

namespace alv::local {
namespace {

constexpr size_t kLongEnough = 60;  // tokens, after which it makes for the end

text::TokenId pick(const TokenMask& mask, std::mt19937& random) {
    // The largest of random logits is any of the allowed tokens, each as likely as the other.
    size_t allowed = 0;
    for (const uint32_t word : mask) allowed += static_cast<size_t>(__builtin_popcount(word));
    if (allowed == 0) return text::kNoToken;
    size_t nth = random() % allowed;
    for (size_t i = 0; i < mask.size(); ++i) {
        const auto here = static_cast<size_t>(__builtin_popcount(mask[i]));
        if (nth >= here) {
            nth -= here;
            continue;
        }
        uint32_t word = mask[i];
        for (; nth > 0; --nth) word &= word - 1;
        return static_cast<text::TokenId>(i * 32 + static_cast<size_t>(__builtin_ctz(word)));
    }
    return text::kNoToken;
}

std::string draw(TokenGrammar& grammar, const text::Tokenizer& tokenizer, std::mt19937& random) {
    std::string document;
    TokenGrammar::State state = grammar.start();
    for (size_t n = 0; !grammar.only_end(state); ++n) {
        if (n >= kLongEnough) {
            const auto closing = grammar.closing(state);
            EXPECT_TRUE(closing.has_value());
            if (!closing) return document;
            for (const text::TokenId token : *closing) document += grammar.trie().bytes(token);
            return document;
        }
        const text::TokenId token = pick(grammar.mask(state), random);
        if (token != text::kNoToken && tokenizer.is_end(token)) return document;
        const auto next = token == text::kNoToken ? std::nullopt : grammar.step(state, token);
        EXPECT_TRUE(next.has_value()) << "after " << document;
        if (!next) return document;
        document += grammar.trie().bytes(token);
        state = *next;
    }
    return document;
}

std::shared_ptr<const text::Tokenizer> tokenizer_of(const std::string& path) {
    auto file = open_mapped_file(path);
    EXPECT_TRUE(file.ok()) << file.status().message() << ": tests/run.sh fetches it";
    if (!file.ok()) return nullptr;
    const auto reader = gguf::Reader::open(std::move(file).value()).value();
    return text::Tokenizer::create(model::read_vocabulary(*reader).value()).value();
}

TEST(VocabularyDraw, EveryDocumentMatchesItsSchema) {
    const char* wanted = std::getenv("ALV_TEST_DOCUMENTS");
    const size_t n = wanted ? std::strtoul(wanted, nullptr, 10) : 40;
    const std::string path = ALV_TEST_BINARY_DIR "/drawn_by_tokens.jsonl";
    std::ofstream out(path);
    for (const char* name : {"SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf"}) {
        const auto tokenizer = tokenizer_of(std::string(ALV_TEST_MODEL_DIR "/") + name);
        ASSERT_TRUE(tokenizer);
        const auto trie =
            std::make_shared<const TokenTrie>(*tokenizer, std::span<const std::string_view>());
        std::vector<text::TokenId> ends;
        for (text::TokenId t = 0; t < static_cast<text::TokenId>(tokenizer->size()); ++t) {
            if (tokenizer->is_end(t)) ends.push_back(t);
        }
        for (const auto& [kind, text] : schema::test::kClasses) {
            const auto schema = schema::Schema::parse(text).value();
            TokenGrammar grammar(schema::test::from_schema(*schema), trie, ends);
            std::mt19937 random(11);
            for (size_t i = 0; i < n; ++i) {
                const std::string document = draw(grammar, *tokenizer, random);
                const Status status = schema::validate_text(*schema, document);
                ASSERT_TRUE(status.ok())
                    << name << ", " << kind << ": " << document << " " << status.message();
                if (i < 100) {
                    out << "{\"schema\": " << Json::parse(text) << ", \"document\": " << document
                        << "}\n";
                }
            }
        }
    }
    out.close();
    const std::string judge =
        "/usr/bin/python3 " ALV_TEST_SOURCE_DIR "/schema/judge.py '" + path + "'";
    EXPECT_EQ(std::system(judge.c_str()), 0) << judge;
}

}  // namespace
}  // namespace alv::local
