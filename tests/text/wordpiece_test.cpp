// WordPiece: ids of BERT's own tokenizer on all-MiniLM-L6-v2's vocabulary, and the rules one by
// one.
#include <nlohmann/json.hpp>

#include "text/token_support.h"

namespace alv::text::test {
namespace {

constexpr const char* kMark = "\xE2\x96\x81";

Vocabulary small_wordpiece() {
    Vocabulary v;
    v.model = "bert";
    v.padding = add_token(v, "[PAD]", TokenType::kControl);
    v.unknown = add_token(v, "[UNK]", TokenType::kUnknown);
    v.bos = add_token(v, "[CLS]", TokenType::kControl);
    v.eos = add_token(v, "[SEP]", TokenType::kControl);
    for (const char* word : {"un", "cafe", "sep", "[", "]", "!", "A", "a"}) {
        add_token(v, std::string(kMark) + word, TokenType::kNormal);
    }
    for (const char* rest : {"aff", "affa", "able", "s"}) add_token(v, rest, TokenType::kNormal);
    return v;
}

TokenId id_of(const Tokenizer& tokenizer, const std::string& text) {
    const auto& tokens = tokenizer.vocabulary().tokens;
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] == text) return static_cast<TokenId>(i);
    }
    return kNoToken;
}

// tests/goldens/wordpiece.json was made by make_wordpiece_goldens.py.
TEST(WordPiece, IdsAreThoseOfTheModelsOwnTokenizer) {
    const TokenizerPtr tokenizer = load_model_tokenizer("all-MiniLM-L6-v2.F16.gguf");
    ASSERT_NE(tokenizer, nullptr);
    const auto goldens = nlohmann::json::parse(
        read_file(std::string(ALV_TEST_SOURCE_DIR) + "/goldens/wordpiece.json"), nullptr, false);
    ASSERT_FALSE(goldens.is_discarded());
    ASSERT_GE(goldens["cases"].size(), 300u);
    for (const auto& one : goldens["cases"]) {
        const std::string text = one["text"];
        EXPECT_EQ(encode(*tokenizer, text), one["ids"].get<std::vector<TokenId>>())
            << one["text"].dump();
    }
}

TEST(WordPiece, TakesTheLongestPieces) {
    const TokenizerPtr tokenizer = create(small_wordpiece());
    ASSERT_NE(tokenizer, nullptr);
    const std::vector<TokenId> want = {id_of(*tokenizer, std::string(kMark) + "un"),
                                       id_of(*tokenizer, "able"), id_of(*tokenizer, "s"),
                                       id_of(*tokenizer, std::string(kMark) + "!")};
    EXPECT_EQ(encode(*tokenizer, "unables!"), want);
    EXPECT_EQ(decode(*tokenizer, want), " unables !");
    // "affa" leaves "ble": one word, unknown as a whole.
    EXPECT_EQ(encode(*tokenizer, "unaffable!"),
              (std::vector<TokenId>{tokenizer->vocabulary().unknown, want[3]}));
}

TEST(WordPiece, AccentsAndCaseGoUnlessTheModelIsCased) {
    const TokenizerPtr uncased = create(small_wordpiece());
    Vocabulary cased_vocabulary = small_wordpiece();
    cased_vocabulary.lowercase = false;
    const TokenizerPtr cased = create(std::move(cased_vocabulary));
    ASSERT_TRUE(uncased && cased);
    const TokenId cafe = id_of(*uncased, std::string(kMark) + "cafe");
    EXPECT_EQ(encode(*uncased, "CAF\u00c9"), std::vector<TokenId>{cafe});
    EXPECT_EQ(encode(*cased, "cafe"), std::vector<TokenId>{cafe});
    EXPECT_EQ(encode(*cased, "caf\u00e9"), std::vector<TokenId>{cased->vocabulary().unknown});
    EXPECT_EQ(encode(*uncased, "A"),
              std::vector<TokenId>{id_of(*uncased, std::string(kMark) + "a")});
    EXPECT_EQ(encode(*cased, "A"), std::vector<TokenId>{id_of(*cased, std::string(kMark) + "A")});
}

TEST(WordPiece, TextNeverBecomesASpecialToken) {
    const TokenizerPtr tokenizer = create(small_wordpiece());
    ASSERT_NE(tokenizer, nullptr);
    const std::vector<TokenId> words = {id_of(*tokenizer, std::string(kMark) + "["),
                                        id_of(*tokenizer, std::string(kMark) + "sep"),
                                        id_of(*tokenizer, std::string(kMark) + "]")};
    EXPECT_EQ(encode(*tokenizer, "[SEP]"), words);
    EXPECT_EQ(encode(*tokenizer, "[SEP]", true), std::vector<TokenId>{tokenizer->vocabulary().eos});
}

TEST(WordPiece, LongWordsAreUnknownAndCostNothing) {
    const TokenizerPtr tokenizer = create(small_wordpiece());
    ASSERT_NE(tokenizer, nullptr);
    const std::vector<TokenId> unknown = {tokenizer->vocabulary().unknown};
    EXPECT_EQ(encode(*tokenizer, std::string(1 << 20, 's')), unknown);
    EXPECT_EQ(encode(*tokenizer, "a" + std::string(100, 's')), unknown);
    EXPECT_EQ(encode(*tokenizer, "a" + std::string(99, 's')).size(), 100u);
}

TEST(WordPiece, AVocabularyWithoutUnknownIsRefused) {
    Vocabulary v = small_wordpiece();
    v.unknown = kNoToken;
    const auto refused = Tokenizer::create(std::move(v));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.status().code(), Code::kCorruptFile);
    EXPECT_NE(refused.status().message().find("unknown_token_id"), std::string::npos);
}

}  // namespace
}  // namespace alv::text::test
