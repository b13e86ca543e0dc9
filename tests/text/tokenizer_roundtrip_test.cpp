// decode(encode(text)) is the text, and streaming never shows half a character.
#include <random>

#include "base/utf8.h"
#include "text/token_support.h"

namespace alv::text::test {
namespace {

std::string random_text(std::mt19937& random, size_t n_characters) {
    // Ranges of code points, ASCII and spaces often.
    static constexpr uint32_t kRanges[][2] = {
        {0x20, 0x7E},       {0x20, 0x7E},     {0x61, 0x7A},       {0x20, 0x20},   {0x09, 0x0D},
        {0x00, 0x1F},       {0x80, 0x24F},    {0x300, 0x36F},     {0x400, 0x4FF}, {0x4E00, 0x9FFF},
        {0x1F300, 0x1F6FF}, {0xE000, 0xFFFD}, {0x10000, 0x10FFFF}};
    std::string text;
    for (size_t i = 0; i < n_characters; ++i) {
        const auto& range = kRanges[random() % std::size(kRanges)];
        utf8::append(text, range[0] + static_cast<char32_t>(random() % (range[1] - range[0] + 1)));
    }
    return text;
}

// What streaming gives for all cuts of ids, checked piece by piece.
void check_stream(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                  const std::string& expected) {
    StreamDetokenizer stream(tokenizer);
    std::string text;
    for (const TokenId id : ids) {
        const std::string piece = stream.push(id);
        ASSERT_TRUE(utf8::is_valid(piece));
        text += piece;
    }
    text += stream.finish();
    EXPECT_EQ(text, expected);
}

class RoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(RoundTrip, RandomText) {
    const std::string name = GetParam();
    const TokenizerPtr tokenizer =
        name.ends_with(".gguf") ? load_model_tokenizer(name) : load_conformance_tokenizer(name);
    ASSERT_NE(tokenizer, nullptr);
    const bool prefixed = tokenizer->vocabulary().add_space_prefix;
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        const std::string text = random_text(random, 1 + random() % 200);
        const auto ids = encode(*tokenizer, text);
        // SPM writes its visible space, U+2581, and a space alike.
        const std::string expected = (prefixed ? " " : "") + text;
        ASSERT_EQ(decode(*tokenizer, ids), expected) << "round " << round;
        check_stream(*tokenizer, ids, expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, RoundTrip,
                         testing::Values(kGemma3, "gpt-2", "llama-bpe", "llama-spm", "qwen2",
                                         "deepseek-llm", "command-r"),
                         [](const auto& test) {
                             std::string name = test.param;
                             for (char& c : name) c = isalnum(c) ? c : '_';
                             return name;
                         });

class RoundTripOfAFewBytesLess : public testing::TestWithParam<const char*> {};

// Some vocabularies have no tokens for bytes that never appear in their training text.
TEST_P(RoundTripOfAFewBytesLess, LosesOnlyThose) {
    const std::string name = GetParam();
    const TokenizerPtr tokenizer =
        name == kSmolLm2 ? load_model_tokenizer(name) : load_conformance_tokenizer(name);
    ASSERT_NE(tokenizer, nullptr);
    std::vector<bool> has(256);
    for (uint32_t i = 0; i < tokenizer->size(); ++i) {
        const std::string bytes = tokenizer->decode(static_cast<TokenId>(i));
        if (bytes.size() == 1) has[static_cast<uint8_t>(bytes[0])] = true;
    }
    std::mt19937 random(2);
    for (int round = 0; round < 200; ++round) {
        const std::string text = random_text(random, 1 + random() % 200);
        std::string expected;
        for (const char c : text) {
            if (has[static_cast<uint8_t>(c)]) expected += c;
        }
        ASSERT_EQ(decode(*tokenizer, encode(*tokenizer, text)), expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, RoundTripOfAFewBytesLess, testing::Values(kSmolLm2, "falcon"),
                         [](const auto& test) {
                             return std::string(test.param == kSmolLm2 ? "SmolLM2" : "Falcon");
                         });

TEST(StreamDetokenizer, HoldsBackHalfACharacterAtEverySplit) {
    const TokenizerPtr tokenizer = create(small_bpe());
    ASSERT_NE(tokenizer, nullptr);
    // Single bytes: every split of every length of character.
    const std::string text = "a\u00e9\u20ac\U0001F600z";
    std::vector<TokenId> bytes;
    for (const char c : text) bytes.push_back(static_cast<uint8_t>(c));
    StreamDetokenizer stream(*tokenizer);
    std::vector<std::string> pieces;
    for (const TokenId id : bytes) pieces.push_back(stream.push(id));
    EXPECT_EQ(pieces, (std::vector<std::string>{"a", "", "\u00e9", "", "", "\u20ac", "", "", "",
                                                "\U0001F600", "z"}));
    EXPECT_EQ(stream.finish(), "");
}

TEST(StreamDetokenizer, BrokenBytesBecomeReplacementCharacters) {
    const TokenizerPtr tokenizer = create(small_bpe());
    ASSERT_NE(tokenizer, nullptr);
    StreamDetokenizer stream(*tokenizer);
    EXPECT_EQ(stream.push(0xE2), "");
    EXPECT_EQ(stream.push('a'), "\uFFFDa");
    EXPECT_EQ(stream.push(0xFF), "\uFFFD");
    EXPECT_EQ(stream.push(0xF0), "");
    EXPECT_EQ(stream.push(0x9F), "");
    EXPECT_EQ(stream.finish(), "\uFFFD");
    EXPECT_EQ(stream.finish(), "");
}

TEST(StreamDetokenizer, RandomTokensAreAlwaysValidText) {
    const TokenizerPtr tokenizer = load_model_tokenizer(kSmolLm2);
    ASSERT_NE(tokenizer, nullptr);
    std::mt19937 random(3);
    StreamDetokenizer stream(*tokenizer, /*render_special=*/true);
    for (int i = 0; i < 20000; ++i) {
        ASSERT_TRUE(
            utf8::is_valid(stream.push(static_cast<TokenId>(random() % tokenizer->size()))));
    }
    EXPECT_TRUE(utf8::is_valid(stream.finish()));
}

TEST(Decode, SpecialTokensOnlyWhenAsked) {
    const TokenizerPtr tokenizer = create(small_spm());
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(tokenizer->decode(1), "");
    EXPECT_EQ(tokenizer->decode(1, true), "<s>");
    EXPECT_EQ(tokenizer->decode(0, true), "<unk>");
    EXPECT_EQ(tokenizer->decode(3 + 0x41), "A");
    EXPECT_EQ(tokenizer->decode(-1), "");
    EXPECT_EQ(tokenizer->decode(1 << 30), "");
}

}  // namespace
}  // namespace alv::text::test
