// Patterns against std::regex, over all short texts of a few characters and drawn ones.
#include <regex>

#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::accepts;

std::shared_ptr<const Automaton> from_pattern(const std::string& pattern, bool escaped = false) {
    Grammar grammar;
    const auto root = add_pattern(grammar, pattern, escaped);
    EXPECT_TRUE(root.ok()) << root.status().message();
    grammar.set_root(*root);
    return test::compile(std::move(grammar));
}

const char* const kPatterns[] = {
    "^a+$",     "^[ab]{2,3}$", "a",          "^a",    "b$",    "^(a|b1)*$", "^(?:ab?)+1?$",
    "^\\d+$",   "^\\w\\W$",    "^[^a]*$",    "^a|b$", "^a.b$", "[1-2]b?a",  "^(a(b(1)?)?)?$",
    "^a{0}b$",  "^\\S{1,2}$",  "^[a\\-1]+$", "^$",    "",      "^a*?b$",    "^(a|ab)(1|b1)$",
    "^[\\d_]$", "^a{2,}$",
};

TEST(Pattern, MatchesWhatStdRegexMatches) {
    const std::string alphabet = "ab1-_ ";
    std::vector<std::string> texts = {""};
    for (size_t from = 0, length = 1; length <= 4; ++length) {
        const size_t to = texts.size();
        for (size_t i = from; i < to; ++i) {
            for (const char c : alphabet) texts.push_back(texts[i] + c);
        }
        from = to;
    }
    for (const char* pattern : kPatterns) {
        Matcher matcher(from_pattern(pattern));
        const std::regex oracle(pattern, std::regex::ECMAScript);
        for (const std::string& text : texts) {
            ASSERT_EQ(accepts(matcher, text), std::regex_search(text, oracle))
                << pattern << " on '" << text << "'";
        }
    }
}

TEST(Pattern, InsideJsonItIsEscaped) {
    const auto automaton = from_pattern("^[\"\\\\\n\x01]x$", true);
    for (const char* text : {"\\\"x", "\\\\x", "\\nx", "\\u0001x"}) {
        EXPECT_TRUE(accepts(automaton, text)) << text;
    }
    for (const char* text : {"\"x", "\\x", "\nx", "nx"}) EXPECT_FALSE(accepts(automaton, text));
}

TEST(Pattern, UnicodeIsCharacters) {
    const auto automaton = from_pattern("^[\\u00e0-\\u00ff]{2}.$");
    EXPECT_TRUE(accepts(automaton, "\xC3\xA9\xC3\xA8\xE6\x9D\xB1"));
    EXPECT_FALSE(accepts(automaton, "\xC3\xA9\xE6\x9D\xB1"));
}

TEST(Pattern, WhatCantBeDoneIsRefused) {
    for (const char* pattern :
         {"(?=a)", "(?!a)", "(?<=a)b", "\\bword", "(a)\\1", "\\p{L}", "a^b", "(^a)", "a$b", "*a",
          "(a", "a)", "[a", "a{2", "a{3,2}", "^?", "[z-a]", "\\ud800", "a{20000}"}) {
        Grammar grammar;
        const auto made = add_pattern(grammar, pattern, false);
        ASSERT_FALSE(made.ok()) << pattern;
        EXPECT_NE(made.status().code(), Code::kInternal);
    }
    Grammar grammar;
    EXPECT_FALSE(add_pattern(grammar, std::string(60'000, '('), false).ok());
}

}  // namespace
}  // namespace alv::schema
