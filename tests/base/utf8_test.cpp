#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alv::utf8 {
namespace {

using namespace std::string_literals;

std::string encoded(char32_t code_point) {
    std::string out;
    append(out, code_point);
    return out;
}

TEST(Utf8, EveryCodePointRoundTrips) {
    for (char32_t c = 0; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        const std::string text = encoded(c);
        const CodePoint read = next(text, 0);
        ASSERT_TRUE(read.valid) << static_cast<uint32_t>(c);
        ASSERT_EQ(read.code_point, c);
        ASSERT_EQ(read.size, text.size());
        ASSERT_EQ(text.size(), c < 0x80 ? 1U : c < 0x800 ? 2U : c < 0x10000 ? 3U : 4U);
        ASSERT_TRUE(is_valid(text));
        ASSERT_EQ(incomplete_tail(text), 0U);
        for (size_t cut = 1; cut < text.size(); ++cut) {
            const std::string part = text.substr(0, cut);
            ASSERT_EQ(incomplete_tail(part), cut);
            ASSERT_EQ(incomplete_tail("abc" + part), cut);
            ASSERT_FALSE(is_valid(part));
            ASSERT_EQ(replace_invalid(part), "\xEF\xBF\xBD") << "one maximal subpart";
        }
    }
}

TEST(Utf8, SurrogatesAndBeyondBecomeReplacement) {
    EXPECT_EQ(encoded(0xD800), "\xEF\xBF\xBD");
    EXPECT_EQ(encoded(0xDFFF), "\xEF\xBF\xBD");
    EXPECT_EQ(encoded(0x110000), "\xEF\xBF\xBD");
}

// Every sequence of one and two bytes, and every three- and four-byte one over the bytes where the
// rules change: valid exactly when decoding by plain arithmetic and encoding again gives it back.
bool reference_valid(const std::string& s) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
    for (size_t i = 0; i < s.size();) {
        const size_t n = byte(i) < 0x80           ? 1
                         : (byte(i) >> 5) == 6    ? 2
                         : (byte(i) >> 4) == 0xE  ? 3
                         : (byte(i) >> 3) == 0x1E ? 4
                                                  : 0;
        if (n == 0 || i + n > s.size()) return false;
        uint32_t c = n == 1 ? byte(i) : byte(i) & (0xFFU >> (n + 1));
        for (size_t k = 1; k < n; ++k) {
            if ((byte(i + k) >> 6) != 2) return false;
            c = (c << 6) | (byte(i + k) & 0x3FU);
        }
        const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
        i += n;
    }
    return true;
}

TEST(Utf8, ValidityEqualsTheDefinition) {
    const std::vector<uint8_t> edges{0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                     0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                     0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF};
    const auto check = [](const std::string& s) {
        ASSERT_EQ(is_valid(s), reference_valid(s)) << testing::PrintToString(s);
        const std::string repaired = replace_invalid(s);
        ASSERT_TRUE(is_valid(repaired));
        if (is_valid(s)) {
            ASSERT_EQ(repaired, s);
        }
    };
    for (int a = 0; a < 256; ++a) {
        check(std::string{static_cast<char>(a)});
        for (int b = 0; b < 256; ++b) {
            check({static_cast<char>(a), static_cast<char>(b)});
        }
    }
    for (const uint8_t a : edges) {
        for (const uint8_t b : edges) {
            for (const uint8_t c : edges) {
                check({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)});
                for (const uint8_t d : edges) {
                    check({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                           static_cast<char>(d)});
                }
            }
        }
    }
}

// The table of the Unicode standard, section 3.9 ("U+FFFD Substitution of Maximal Subparts").
TEST(Utf8, ReplacesMaximalSubparts) {
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(replace_invalid("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
              "a" + r + r + r + "b" + r + "c" + r + r + "d");
    EXPECT_EQ(replace_invalid("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
              r + r + r + r + r + r + r + r + "A");
    EXPECT_EQ(replace_invalid("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
              r + r + r + r + r + r + r + r + "A");
    EXPECT_EQ(replace_invalid("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
              r + r + r + r + r + "A" + r + r + "B");
    EXPECT_EQ(replace_invalid("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
}

TEST(Utf8, TailIsOnlyWhatMoreBytesCouldFinish) {
    EXPECT_EQ(incomplete_tail(""), 0U);
    EXPECT_EQ(incomplete_tail("abc"), 0U);
    EXPECT_EQ(incomplete_tail("\x80"), 0U);  // no lead
    EXPECT_EQ(incomplete_tail("\x80\x80\x80\x80"), 0U);
    EXPECT_EQ(incomplete_tail("\xE0\x80"), 0U);  // overlong already
    EXPECT_EQ(incomplete_tail("\xED\xA0"), 0U);  // a surrogate already
    EXPECT_EQ(incomplete_tail("\xF4\x90"), 0U);  // above U+10FFFF already
    EXPECT_EQ(incomplete_tail("\xFF"), 0U);
    EXPECT_EQ(incomplete_tail("\xC3\xA4\x80"), 0U);  // one continuation too many
    EXPECT_EQ(incomplete_tail("x\xF0\x9F\x98"), 3U);
    EXPECT_EQ(incomplete_tail("\xFF\xE2\x82"), 2U);  // what comes before does not matter
}

TEST(Utf8, ValidPrefixStopsAtTheFirstBadByte) {
    EXPECT_EQ(valid_prefix("ab\xC3\xA4z"), 5U);
    EXPECT_EQ(valid_prefix("ab\xC3"), 2U);
    EXPECT_EQ(valid_prefix("ab\xFFzz"), 2U);
    EXPECT_EQ(valid_prefix("a\0b"s), 3U);
}

TEST(Utf8, NextAtTheEndHasNoSize) {
    EXPECT_EQ(next("a", 1).size, 0U);
    EXPECT_EQ(next("a", 99).size, 0U);
    EXPECT_FALSE(next("", 0).valid);
}

}  // namespace
}  // namespace alv::utf8
