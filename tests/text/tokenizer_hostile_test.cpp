// Vocabularies and texts made to break a tokenizer: a clear code, or right tokens in bounded work.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "text/charsmap.h"
#include "text/token_support.h"

namespace alv::text::test {
namespace {

struct Refusal {
    const char* name;
    Code code;
    const char* says;  // part of the message
    std::function<Vocabulary()> make;
};

Vocabulary spm_with(const std::function<void(Vocabulary&)>& change) {
    Vocabulary vocabulary = small_spm();
    change(vocabulary);
    return vocabulary;
}
Vocabulary bpe_with(const std::function<void(Vocabulary&)>& change) {
    Vocabulary vocabulary = small_bpe();
    change(vocabulary);
    return vocabulary;
}

const Refusal kRefusals[] = {
    {"model", Code::kUnsupported, "'t5'", [] { return spm_with([](auto& v) { v.model = "t5"; }); }},
    {"no_model", Code::kUnsupported, "''", [] { return spm_with([](auto& v) { v.model = ""; }); }},
    {"pre", Code::kUnsupported, "'made-up'", [] { return small_bpe("made-up"); }},
    {"no_tokens", Code::kCorruptFile, "tokens is empty",
     [] {
         return spm_with([](auto& v) {
             v.tokens.clear();
             v.scores.clear();
             v.types.clear();
         });
     }},
    {"short_scores", Code::kCorruptFile, "scores has",
     [] { return spm_with([](auto& v) { v.scores.pop_back(); }); }},
    {"long_scores", Code::kCorruptFile, "scores has",
     [] { return spm_with([](auto& v) { v.scores.push_back(0); }); }},
    {"nan_score", Code::kCorruptFile, "scores: ",
     [] {
         return spm_with([](auto& v) { v.scores[262] = std::numeric_limits<float>::quiet_NaN(); });
     }},
    {"infinite_score", Code::kCorruptFile,
     "scores: ", [] { return spm_with([](auto& v) { v.scores[262] = INFINITY; }); }},
    {"short_types", Code::kCorruptFile, "token_type has",
     [] { return spm_with([](auto& v) { v.types.resize(3); }); }},
    {"type_7", Code::kCorruptFile, "type 7",
     [] { return spm_with([](auto& v) { v.types[5] = 7; }); }},
    {"type_huge", Code::kCorruptFile, "token_type",
     [] { return spm_with([](auto& v) { v.types[5] = INT64_MIN; }); }},
    {"bos_is_size", Code::kCorruptFile, "bos_token_id",
     [] { return spm_with([](auto& v) { v.bos = static_cast<TokenId>(v.tokens.size()); }); }},
    {"eos_negative", Code::kCorruptFile, "eos_token_id",
     [] { return spm_with([](auto& v) { v.eos = -2; }); }},
    {"eot_huge", Code::kCorruptFile, "eot_token_id",
     [] { return bpe_with([](auto& v) { v.eot = INT32_MAX; }); }},
    {"unknown_huge", Code::kCorruptFile, "unknown_token_id",
     [] { return spm_with([](auto& v) { v.unknown = 1 << 20; }); }},
    {"padding_huge", Code::kCorruptFile, "padding_token_id",
     [] { return bpe_with([](auto& v) { v.padding = 1 << 20; }); }},
    {"byte_negative", Code::kCorruptFile, "<0x00> to <0xFF>",
     [] { return spm_with([](auto& v) { v.tokens[4] = "<0x-1>"; }); }},
    {"byte_too_long", Code::kCorruptFile, "<0x00> to <0xFF>",
     [] { return spm_with([](auto& v) { v.tokens[4] = "<0x100>"; }); }},
    {"byte_empty", Code::kCorruptFile, "<0x00> to <0xFF>",
     [] { return spm_with([](auto& v) { v.tokens[4] = ""; }); }},
    {"byte_twice", Code::kCorruptFile, "appears twice",
     [] { return spm_with([](auto& v) { v.tokens[4] = "<0x00>"; }); }},
    {"piece_twice", Code::kCorruptFile, "already defined",
     [] { return spm_with([](auto& v) { add_token(v, "ab", TokenType::kNormal); }); }},
    {"token_twice", Code::kCorruptFile, "the same as token",
     [] { return bpe_with([](auto& v) { add_token(v, "ab", TokenType::kNormal); }); }},
    {"special_twice", Code::kCorruptFile, "appears twice",
     [] { return spm_with([](auto& v) { add_token(v, "<s>", TokenType::kControl); }); }},
    {"special_not_utf8", Code::kCorruptFile, "not UTF-8",
     [] { return bpe_with([](auto& v) { add_token(v, "\x80", TokenType::kUserDefined); }); }},
    {"special_too_long", Code::kUnsupported, "600 bytes",
     [] {
         return bpe_with([](auto& v) { add_token(v, std::string(600, '!'), TokenType::kControl); });
     }},
    {"token_too_long", Code::kCorruptFile, "bytes",
     [] {
         return bpe_with(
             [](auto& v) { add_token(v, std::string(1 << 20, 'x'), TokenType::kNormal); });
     }},
    {"merge_of_absent_left", Code::kCorruptFile, "merges[2]",
     [] { return bpe_with([](auto& v) { v.merges.push_back("zz a"); }); }},
    {"merge_of_absent_right", Code::kCorruptFile, "merges[2]",
     [] { return bpe_with([](auto& v) { v.merges.push_back("a zz"); }); }},
    {"merge_to_absent", Code::kCorruptFile, "merges[2]",
     [] { return bpe_with([](auto& v) { v.merges.push_back("b a"); }); }},
    {"merge_empty", Code::kCorruptFile, "merges[0]",
     [] { return bpe_with([](auto& v) { v.merges[0] = ""; }); }},
    {"merge_one", Code::kCorruptFile, "merges[0]",
     [] { return bpe_with([](auto& v) { v.merges[0] = "ab"; }); }},
    {"merge_space", Code::kCorruptFile, "merges[0]",
     [] { return bpe_with([](auto& v) { v.merges[0] = "  "; }); }},
    {"charsmap_of_7_bytes", Code::kCorruptFile, "charsmap",
     [] { return spm_with([](auto& v) { v.charsmap = std::string(7, '\1'); }); }},
};

class Hostile : public testing::TestWithParam<Refusal> {};

TEST_P(Hostile, IsRefusedByName) {
    const auto tokenizer = Tokenizer::create(GetParam().make());
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.status().code(), GetParam().code) << tokenizer.status().message();
    EXPECT_NE(tokenizer.status().message().find(GetParam().says), std::string::npos)
        << tokenizer.status().message();
}

INSTANTIATE_TEST_SUITE_P(Vocabulary, Hostile, testing::ValuesIn(kRefusals),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(HostileCount, MoreThan16MTokensAreRefused) {
    Vocabulary vocabulary;
    vocabulary.model = "llama";
    vocabulary.tokens.resize((size_t{1} << 24) + 1);
    const auto tokenizer = Tokenizer::create(std::move(vocabulary));
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.status().code(), Code::kLimitExceeded);
}

TEST(HostileVocabulary, EmptyTokensMatchNothing) {
    for (Vocabulary vocabulary : {small_spm(), small_bpe()}) {
        add_token(vocabulary, "", TokenType::kNormal);
        const TokenId empty = add_token(vocabulary, "", TokenType::kControl);
        const TokenizerPtr tokenizer = create(std::move(vocabulary));
        ASSERT_NE(tokenizer, nullptr);
        const auto ids = encode(*tokenizer, "abc", true);
        EXPECT_EQ(decode(*tokenizer, ids).substr(tokenizer->vocabulary().add_space_prefix), "abc");
        EXPECT_EQ(tokenizer->decode(empty, true), "");
    }
}

TEST(HostileVocabulary, WithoutTypesOrScores) {
    for (Vocabulary vocabulary : {small_spm(), small_bpe()}) {
        vocabulary.types.clear();
        vocabulary.scores.clear();
        const bool spm = vocabulary.model == "llama";
        const TokenizerPtr tokenizer = create(std::move(vocabulary));
        ASSERT_NE(tokenizer, nullptr);
        EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, "a\x01z")), spm ? " a\x01z" : "a\x01z");
    }
}

TEST(HostileVocabulary, OneTokenAlone) {
    for (const char* model : {"llama", "gpt2"}) {
        Vocabulary vocabulary;
        vocabulary.model = model;
        vocabulary.tokens = {"a"};
        const TokenizerPtr tokenizer = create(std::move(vocabulary));
        ASSERT_NE(tokenizer, nullptr);
        EXPECT_EQ(encode(*tokenizer, "ab"), std::vector<TokenId>{0}) << "unknown bytes are dropped";
    }
}

TEST(HostileText, InvalidUtf8IsAnInvalidArgumentAndAddsNothing) {
    for (Vocabulary vocabulary : {small_spm(), small_bpe()}) {
        const TokenizerPtr tokenizer = create(std::move(vocabulary));
        ASSERT_NE(tokenizer, nullptr);
        for (const std::string text :
             {"\x80", "a\xE2\x82", "\xC0\x80", "\xED\xA0\x80", "\xF5zzz"}) {
            std::vector<TokenId> ids = {7};
            const std::vector<TextPart> parts = {{"ab", true}, {text, false}};
            EXPECT_EQ(tokenizer->encode(parts, ids).code(), Code::kInvalidArgument);
            EXPECT_EQ(ids, std::vector<TokenId>{7});
        }
    }
}

// A long run of one character in every family of pre-tokenizers and through sentencepiece, 1 MiB in
// the families of the models that are run: quadratic work would take hours.
TEST(HostileText, LongRunsOfOneCharacter) {
    std::vector<TokenizerPtr> tokenizers;
    for (const char* pre : {"default", "gpt-2", "smollm", "falcon", "llama-bpe", "qwen2", "tekken",
                            "gpt-4o", "bailingmoe", "seed-coder", "deepseek-llm", "deepseek-coder",
                            "deepseek-v3", "bloom", "viking"}) {
        tokenizers.push_back(create(small_bpe(pre)));
    }
    Vocabulary spm = small_spm();
    spm.add_space_prefix = false;
    tokenizers.push_back(create(std::move(spm)));
    for (const std::string unit : {"a", "A", " ", "\n", "\t", "1", "!", "\xC2\xA0", "\xE4\xB8\xAD",
                                   "\xF0\x9F\x98\x80", "'", "\r\n", "<", " \n", "ab"}) {
        for (const TokenizerPtr& tokenizer : tokenizers) {
            ASSERT_NE(tokenizer, nullptr);
            const Vocabulary& vocabulary = tokenizer->vocabulary();
            const bool whole = vocabulary.model == "llama" || vocabulary.pre == "smollm" ||
                               vocabulary.pre == "llama-bpe";
            std::string text;
            while (text.size() < (size_t{whole ? 1024u : 128u} << 10)) text += unit;
            text += "x";
            // Not EXPECT_EQ: how it would tell two such texts apart is quadratic itself.
            EXPECT_TRUE(decode(*tokenizer, encode(*tokenizer, text)) == text)
                << vocabulary.model << " " << vocabulary.pre << " [" << unit << "]";
        }
    }
}

TEST(HostileText, ARunThatMergesAllTheWay) {
    // a, aa, aaaa, ...: each level halves the symbols.
    Vocabulary vocabulary = small_bpe();
    std::string token = "a";
    vocabulary.merges.clear();
    for (int level = 0; level < 12; ++level) {
        vocabulary.merges.push_back(token + " " + token);
        token += token;
        add_token(vocabulary, token, TokenType::kNormal);
    }
    const auto longest = static_cast<TokenId>(vocabulary.tokens.size() - 1);
    const TokenizerPtr tokenizer = create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    const auto ids = encode(*tokenizer, std::string(size_t{1} << 20, 'a'));
    EXPECT_EQ(ids, std::vector<TokenId>(256, longest));
}

// ---- charsmap
// ------------------------------------------------------------------------------------

std::string charsmap_of(const std::vector<uint32_t>& units, const std::string& strings) {
    const auto trie_bytes = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
    std::string blob(sizeof trie_bytes + trie_bytes, '\0');
    std::memcpy(blob.data(), &trie_bytes, sizeof trie_bytes);
    std::memcpy(blob.data() + sizeof trie_bytes, units.data(), trie_bytes);
    return blob + strings;
}

// A double array that knows nothing but 'A' -> the string at 0.
std::vector<uint32_t> one_rule_trie() {
    std::vector<uint32_t> units(512, 0xFFu << 10 | 1u << 31);
    units[0] = 256u << 10;                            // root: children at 256 ^ byte
    units[256 ^ 'A'] = (1u << 10) | (1u << 8) | 'A';  // has a value, at its own place ^ 1
    units[256 ^ 'A' ^ 1] = 1u << 31 | 0;              // the value: offset 0 of the strings
    return units;
}

TEST(Charsmap, ARuleIsApplied) {
    const std::string blob = charsmap_of(one_rule_trie(), std::string("abc\0", 4));
    ASSERT_TRUE(check_charsmap(blob).ok()) << check_charsmap(blob).message();
    Vocabulary vocabulary = small_spm();
    vocabulary.charsmap = blob;
    const TokenizerPtr tokenizer = create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, "jAj")), " jabcj");
}

TEST(Charsmap, BrokenOnesAreRefused) {
    const std::string good = charsmap_of(one_rule_trie(), std::string("abc\0", 4));
    for (size_t size = 0; size < good.size(); size = size < 16 ? size + 1 : size + 97) {
        EXPECT_FALSE(check_charsmap(std::string_view(good).substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(check_charsmap(std::string_view(good).substr(0, good.size() - 4)).ok());
    EXPECT_FALSE(check_charsmap(std::string_view(good).substr(0, good.size() - 1)).ok());

    auto outside = one_rule_trie();
    outside[0] = 1024u << 10;
    EXPECT_NE(check_charsmap(charsmap_of(outside, std::string(1, '\0'))).message().find("leaves"),
              std::string::npos);
    auto cyclic = one_rule_trie();
    cyclic[256 ^ 'A'] = uint32_t{'A'} << 10 | 'A' | 1u << 8;  // its children are the root's
    EXPECT_NE(check_charsmap(charsmap_of(cyclic, std::string(1, '\0'))).message().find("cyclic"),
              std::string::npos);
}

}  // namespace
}  // namespace alv::text::test
