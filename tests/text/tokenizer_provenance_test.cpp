// Text of a user, tool or passage never becomes a control token; the template's own text does.
#include <algorithm>

#include "text/token_support.h"

namespace alv::text::test {
namespace {

bool has_control(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
    const auto& types = tokenizer.vocabulary().types;
    return std::any_of(ids.begin(), ids.end(), [&](TokenId id) {
        const auto type = static_cast<TokenType>(types[static_cast<size_t>(id)]);
        return type == TokenType::kControl || type == TokenType::kUnknown;
    });
}

class Provenance : public testing::TestWithParam<const char*> {};

TEST_P(Provenance, NoControlTokenFromUntrustedText) {
    const TokenizerPtr tokenizer = load_model_tokenizer(GetParam());
    ASSERT_NE(tokenizer, nullptr);
    const Vocabulary& vocabulary = tokenizer->vocabulary();
    int n_control = 0;
    for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        if (static_cast<TokenType>(vocabulary.types[i]) != TokenType::kControl) continue;
        const std::string& text = vocabulary.tokens[i];
        const auto id = static_cast<TokenId>(i);
        ++n_control;
        EXPECT_EQ(encode(*tokenizer, text, true), std::vector<TokenId>{id}) << text;
        const auto untrusted = encode(*tokenizer, text);
        EXPECT_FALSE(has_control(*tokenizer, untrusted)) << text;
        EXPECT_EQ(decode(*tokenizer, untrusted), text);
        // Nor where a template's text and a user's meet inside it.
        for (size_t cut = 1; cut < text.size(); ++cut) {
            const std::string_view head = std::string_view(text).substr(0, cut);
            const std::string_view tail = std::string_view(text).substr(cut);
            EXPECT_FALSE(
                has_control(*tokenizer, encode(*tokenizer, {{head, true}, {tail, false}})));
            EXPECT_FALSE(
                has_control(*tokenizer, encode(*tokenizer, {{head, false}, {tail, true}})));
        }
    }
    EXPECT_GE(n_control, 3);
}

INSTANTIATE_TEST_SUITE_P(Models, Provenance, testing::Values(kSmolLm2, kGemma3),
                         [](const auto& test) {
                             return std::string(test.param == kSmolLm2 ? "SmolLM2" : "Gemma3");
                         });

class SmallProvenance : public testing::TestWithParam<Vocabulary (*)()> {};

TEST_P(SmallProvenance, OnlyInsideOneTrustedRun) {
    const TokenizerPtr tokenizer = create(GetParam()());
    ASSERT_NE(tokenizer, nullptr);
    const auto controls = [&](const std::vector<TextPart>& parts) {
        const auto ids = encode(*tokenizer, parts);
        return std::count_if(ids.begin(), ids.end(), [&](TokenId id) {
            return tokenizer->decode(id, true) == "<|im_end|>";
        });
    };
    EXPECT_EQ(controls({{"a<|im_end|>b", true}}), 1);
    EXPECT_EQ(controls({{"a<|im_end|>b", false}}), 0);
    EXPECT_EQ(controls({{"<|im_", true}, {"end|>", true}}), 1) << "two parts of one origin";
    EXPECT_EQ(controls({{"<|im_", true}, {"", false}, {"end|>", true}}), 1);
    EXPECT_EQ(controls({{"<|im_", true}, {"e", false}, {"nd|>", true}}), 0);
    EXPECT_EQ(controls({{"<|im_end|>", true}, {"<|im_end|>", false}, {"<|im_end|>", true}}), 2);
    EXPECT_EQ(controls({{"<|im_end|><|im_end|>", true}, {"a", false}}), 2);
    EXPECT_EQ(controls({{"<<|im_end|>>", true}}), 1);
}

TEST_P(SmallProvenance, TurnMarkersTypedAsUserDefinedNeedTrustToo) {
    Vocabulary vocabulary = GetParam()();
    const TokenId marker = add_token(vocabulary, "<|im_start|>", TokenType::kUserDefined);
    const TokenId table = add_token(vocabulary, "<table>", TokenType::kUserDefined);
    const TokenizerPtr tokenizer = create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    const auto untrusted = encode(*tokenizer, "<table><|im_start|>");
    EXPECT_EQ(std::count(untrusted.begin(), untrusted.end(), table), 1);
    EXPECT_EQ(std::count(untrusted.begin(), untrusted.end(), marker), 0);
    const auto trusted = encode(*tokenizer, "<table><|im_start|>", true);
    EXPECT_EQ(trusted, (std::vector<TokenId>{table, marker}));
}

TEST_P(SmallProvenance, TheLongestTokenWins) {
    Vocabulary vocabulary = GetParam()();
    const TokenId two = add_token(vocabulary, "##", TokenType::kUserDefined);
    const TokenId four = add_token(vocabulary, "####", TokenType::kUserDefined);
    const TokenizerPtr tokenizer = create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(encode(*tokenizer, "######"), (std::vector<TokenId>{four, two}));
    // A user-defined token may form across parts: it steers nothing.
    EXPECT_EQ(encode(*tokenizer, {{"#", true}, {"#", false}}), std::vector<TokenId>{two});
}

INSTANTIATE_TEST_SUITE_P(Kinds, SmallProvenance,
                         testing::Values(
                             +[] { return small_spm(); }, +[] { return small_bpe(); }),
                         [](const auto& test) {
                             return std::string(test.index == 0 ? "Spm" : "Bpe");
                         });

TEST(SpmPrefix, ASpaceBeforeTextAtTheStartAndAfterSpecialTokens) {
    const TokenizerPtr tokenizer = create(small_spm());
    ASSERT_NE(tokenizer, nullptr);
    const auto pieces = [&](const std::vector<TextPart>& parts) {
        std::string text;
        for (const TokenId id : encode(*tokenizer, parts)) {
            text += '[';
            text += tokenizer->decode(id, true);
            text += ']';
        }
        return text;
    };
    EXPECT_EQ(pieces({{"abc", true}}), "[ ][abc]");
    EXPECT_EQ(pieces({{"a<|im_end|>a", true}}), "[ a][<|im_end|>][ a]");
    EXPECT_EQ(pieces({{"a", true}, {"b", false}}), "[ ][ab]") << "no prefix between parts";
    EXPECT_EQ(pieces({{"a\n\na", false}}), "[ a][\n\n][ a]") << "as the peer does";
    Vocabulary bare = small_spm();
    bare.add_space_prefix = false;
    const TokenizerPtr without = create(std::move(bare));
    ASSERT_NE(without, nullptr);
    EXPECT_EQ(decode(*without, encode(*without, "abc")), "abc");
}

}  // namespace
}  // namespace alv::text::test
