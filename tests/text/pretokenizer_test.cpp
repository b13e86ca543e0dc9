// The regular expressions against splits written by hand from the models' descriptions.
#include "text/pretokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace alv::text {
namespace {

enum class Kind { kLetter, kNumber, kSpace, kLineEnd, kOther };

struct Sample {
    char32_t c;
    Kind kind;
};

// Characters of known category: what the hand-written splits know of Unicode.
constexpr Sample kSamples[] = {
    {'a', Kind::kLetter},   {'s', Kind::kLetter},    {'t', Kind::kLetter},
    {'l', Kind::kLetter},   {'L', Kind::kLetter},    {'R', Kind::kLetter},
    {'e', Kind::kLetter},   {0xE9, Kind::kLetter},   {0x4E2D, Kind::kLetter},
    {0x2B0, Kind::kLetter}, {'0', Kind::kNumber},    {'7', Kind::kNumber},
    {0xB2, Kind::kNumber},  {0x2167, Kind::kNumber}, {0x663, Kind::kNumber},
    {' ', Kind::kSpace},    {' ', Kind::kSpace},     {'\t', Kind::kSpace},
    {0xA0, Kind::kSpace},   {0x85, Kind::kSpace},    {0x2003, Kind::kSpace},
    {0x2028, Kind::kSpace}, {'\n', Kind::kLineEnd},  {'\r', Kind::kLineEnd},
    {'\'', Kind::kOther},   {'\'', Kind::kOther},    {'!', Kind::kOther},
    {'$', Kind::kOther},    {0x301, Kind::kOther},   {0x180E, Kind::kOther},
    {0x200B, Kind::kOther}, {0x1F600, Kind::kOther}, {0, Kind::kOther},
};

using Text = std::vector<Sample>;

bool is_space(Kind kind) {
    return kind == Kind::kSpace || kind == Kind::kLineEnd;
}

// The length of 's, 't, 're, 've, 'm, 'll, 'd at `at`, or 0.
size_t contraction(const Text& text, size_t at, bool any_case) {
    if (at >= text.size() || text[at].c != '\'') return 0;
    const auto letter = [&](size_t i) -> char32_t {
        if (i >= text.size()) return 0;
        const char32_t c = text[i].c;
        return any_case && c >= 'A' && c <= 'Z' ? c + 32 : c;
    };
    const char32_t one = letter(at + 1);
    const char32_t two = letter(at + 2);
    if (one == 's' || one == 't' || one == 'm' || one == 'd') return 2;
    if ((one == 'r' && two == 'e') || (one == 'v' && two == 'e') || (one == 'l' && two == 'l'))
        return 3;
    return 0;
}

size_t run_end(const Text& text, size_t at, bool (*in)(Kind)) {
    while (at < text.size() && in(text[at].kind)) ++at;
    return at;
}

// \s+(?!\S): all spaces but the last, where something follows; 0 where that leaves none.
size_t spaces_before_word(const Text& text, size_t at) {
    const size_t end = run_end(text, at, is_space);
    if (end == text.size()) return end - at;
    return end - at > 1 ? end - at - 1 : 0;
}

size_t gpt2_word(const Text& text, size_t at) {
    if (const size_t n = contraction(text, at, false)) return n;
    const size_t start = text[at].c == ' ' ? at + 1 : at;
    for (const auto in :
         {+[](Kind k) { return k == Kind::kLetter; }, +[](Kind k) { return k == Kind::kNumber; },
          +[](Kind k) { return k == Kind::kOther; }}) {
        const size_t end = run_end(text, start, in);
        if (end > start) return end - at;
    }
    const size_t spaces = spaces_before_word(text, at);
    return spaces > 0 ? spaces : 1;
}

size_t llama3_like_word(const Text& text, size_t at, size_t max_digits) {
    const auto letter = [](Kind k) { return k == Kind::kLetter; };
    if (const size_t n = contraction(text, at, true)) return n;
    const Kind kind = text[at].kind;
    const size_t skip = kind == Kind::kSpace || kind == Kind::kOther ? 1 : 0;
    for (size_t start : {at + skip, at}) {
        const size_t end = run_end(text, start, letter);
        if (end > start) return end - at;
    }
    if (kind == Kind::kNumber) {
        const size_t end = run_end(text, at, [](Kind k) { return k == Kind::kNumber; });
        return std::min(end - at, max_digits);
    }
    const size_t start = text[at].c == ' ' ? at + 1 : at;
    const size_t others = run_end(text, start, [](Kind k) { return k == Kind::kOther; });
    if (others > start) {
        return run_end(text, others, [](Kind k) { return k == Kind::kLineEnd; }) - at;
    }
    // \s*[\r\n]+: through the last line end of the run of spaces.
    const size_t end = run_end(text, at, is_space);
    for (size_t i = end; i > at; --i) {
        if (text[i - 1].kind == Kind::kLineEnd) return i - at;
    }
    const size_t spaces = spaces_before_word(text, at);
    return spaces > 0 ? spaces : end - at;
}

size_t llama3_word(const Text& text, size_t at) {
    return llama3_like_word(text, at, 3);
}
size_t qwen2_word(const Text& text, size_t at) {
    return llama3_like_word(text, at, 1);
}

std::vector<std::string> by_hand(const Text& text, size_t (*word)(const Text&, size_t)) {
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
        const size_t n = word(text, at);
        std::string bytes;
        for (size_t i = at; i < at + n; ++i) utf8::append(bytes, text[i].c);
        words.push_back(bytes);
        at += n;
    }
    return words;
}

struct ByHand {
    const char* pre;
    size_t (*word)(const Text&, size_t);
};

class PretokenizerByHand : public testing::TestWithParam<ByHand> {};

TEST_P(PretokenizerByHand, AgreesOnRandomText) {
    const auto pretokenizer = Pretokenizer::create(GetParam().pre);
    ASSERT_TRUE(pretokenizer.ok()) << pretokenizer.status().message();
    std::mt19937 random(4);
    for (int round = 0; round < 20000; ++round) {
        Text text(1 + random() % 12);
        std::string bytes;
        for (Sample& sample : text) {
            sample = kSamples[random() % std::size(kSamples)];
            utf8::append(bytes, sample.c);
        }
        std::vector<std::string_view> words;
        ASSERT_TRUE((*pretokenizer).split(bytes, words).ok());
        ASSERT_EQ(std::vector<std::string>(words.begin(), words.end()),
                  by_hand(text, GetParam().word))
            << testing::PrintToString(bytes);
    }
}

INSTANTIATE_TEST_SUITE_P(Families, PretokenizerByHand,
                         testing::Values(ByHand{"gpt-2", gpt2_word},
                                         ByHand{"llama-bpe", llama3_word},
                                         ByHand{"qwen2", qwen2_word}),
                         [](const auto& test) {
                             std::string name = test.param.pre;
                             for (char& c : name) c = c == '-' ? '_' : c;
                             return name;
                         });

TEST(Pretokenizer, WordsTogetherAreTheText) {
    std::mt19937 random(5);
    for (const char* pre :
         {"",           "default",    "gpt-2",        "phi-2",          "mpt",
          "olmo",       "smollm",     "starcoder",    "refact",         "command-r",
          "falcon",     "llama-bpe",  "llama3",       "dbrx",           "glm4",
          "qwen2",      "stablelm2",  "tekken",       "gpt-4o",         "llama4",
          "bailingmoe", "seed-coder", "deepseek-llm", "deepseek-coder", "deepseek-v3",
          "bloom",      "poro-chat",  "viking"}) {
        const auto pretokenizer = Pretokenizer::create(pre);
        ASSERT_TRUE(pretokenizer.ok()) << pre << ": " << pretokenizer.status().message();
        for (int round = 0; round < 300; ++round) {
            std::string text;
            for (size_t n = random() % 40; n > 0; --n) {
                utf8::append(text, kSamples[random() % std::size(kSamples)].c);
            }
            std::vector<std::string_view> words;
            ASSERT_TRUE((*pretokenizer).split(text, words).ok());
            std::string joined;
            for (const std::string_view word : words) {
                EXPECT_FALSE(word.empty());
                joined += word;
            }
            ASSERT_EQ(joined, text) << pre;
        }
    }
}

// gpt-4o is not among the peer's vectors: a few words as its tokenizer.json has them.
TEST(Pretokenizer, Gpt4oCutsBeforeCapitals) {
    const auto pretokenizer = Pretokenizer::create("gpt-4o");
    ASSERT_TRUE(pretokenizer.ok());
    const std::string text = "HelloWorld's 12345\n\nABCdef";
    std::vector<std::string_view> words;
    ASSERT_TRUE((*pretokenizer).split(text, words).ok());
    EXPECT_EQ(words, (std::vector<std::string_view>{"Hello", "World's", " ", "123", "45", "\n\n",
                                                    "ABCdef"}));
}

}  // namespace
}  // namespace alv::text
