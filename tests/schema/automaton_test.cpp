#include "schema/automaton.h"

#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::accepts;
using test::compile;
using test::from_gbnf;

TEST(Automaton, FollowsSequencesChoicesAndRepeats) {
    const auto automaton = from_gbnf(R"(root ::= "a" ("b" | "cd")* [x-z]? "!"{2,3})");
    for (const char* text : {"a!!", "a!!!", "abz!!", "acdbcdx!!"}) {
        EXPECT_TRUE(accepts(automaton, text)) << text;
    }
    for (const char* text : {"", "a", "a!", "a!!!!", "acx!!", "axx!!", "b!!"}) {
        EXPECT_FALSE(accepts(automaton, text)) << text;
    }
}

TEST(Automaton, CountsAreExactUpToAMillion) {
    Grammar grammar;
    grammar.set_root(grammar.sequence({grammar.literal("["),
                                       grammar.repeat(grammar.literal("ab"), 1000, 1'000'000),
                                       grammar.literal("]")}));
    const auto automaton = compile(std::move(grammar));
    Matcher matcher(automaton);
    EXPECT_EQ(matcher.shortest(matcher.start()), 2002u);
    const auto text = [](size_t n) {
        std::string out = "[";
        for (size_t i = 0; i < n; ++i) out += "ab";
        return out + "]";
    };
    EXPECT_FALSE(accepts(matcher, text(999)));
    EXPECT_TRUE(accepts(matcher, text(1000)));
    EXPECT_TRUE(accepts(matcher, text(1001)));
    Grammar small;
    small.set_root(small.repeat(small.literal("a"), 2, 4));
    for (size_t n = 0; n < 7; ++n) {
        Grammar copy = small;
        EXPECT_EQ(accepts(compile(copy), std::string(n, 'a')), n >= 2 && n <= 4) << n;
    }
}

TEST(Automaton, RepeatsInRepeats) {
    const auto automaton = from_gbnf(R"(root ::= ("a"{1,2} "b"){2,3})");
    for (const char* text : {"abab", "aabaab", "abaabab"}) EXPECT_TRUE(accepts(automaton, text));
    for (const char* text : {"ab", "abababab", "aaabab"}) EXPECT_FALSE(accepts(automaton, text));
    const auto maybe = from_gbnf(R"(root ::= ("a"?){0,3} "b")");
    for (const char* text : {"b", "ab", "aaab"}) EXPECT_TRUE(accepts(maybe, text)) << text;
    EXPECT_FALSE(accepts(maybe, "aaaab"));
    const auto stars = from_gbnf(R"(root ::= (("a"*)* "b")*)");
    for (const char* text : {"", "b", "aabab"}) EXPECT_TRUE(accepts(stars, text)) << text;
    EXPECT_FALSE(accepts(stars, "a"));
}

TEST(Automaton, RecursionCountsBrackets) {
    const auto automaton = from_gbnf(R"g(root ::= "(" root ")" | "")g");
    Matcher matcher(automaton);
    for (const size_t depth : {0u, 1u, 2u, 50u, 2000u}) {
        const std::string text = std::string(depth, '(') + std::string(depth, ')');
        EXPECT_TRUE(accepts(matcher, text)) << depth;
        EXPECT_FALSE(accepts(matcher, text + ")")) << depth;
        EXPECT_FALSE(accepts(matcher, "(" + text)) << depth;
    }
}

TEST(Automaton, RightRecursionStaysFlat) {
    const auto automaton = from_gbnf("root ::= [a-z] root | \".\"");
    Matcher matcher(automaton);
    EXPECT_TRUE(accepts(matcher, std::string(100'000, 'x') + "."));
    EXPECT_LT(matcher.n_states(), 10u);
}

TEST(Automaton, TheShortestWayAndTheOnlyWay) {
    const auto automaton = from_gbnf(R"(root ::= "yes, " ("of course" | "sure") "!")");
    Matcher matcher(automaton);
    EXPECT_EQ(matcher.shortest(matcher.start()), 10u);
    EXPECT_EQ(matcher.forced(matcher.start()), "yes, ");
    Matcher::State state = matcher.start();
    for (const char c : std::string("yes, o")) state = matcher.step(state, static_cast<uint8_t>(c));
    EXPECT_EQ(matcher.shortest(state), 9u);
    EXPECT_EQ(matcher.forced(state), "f course!");
    for (const char c : std::string("f course!")) {
        EXPECT_FALSE(matcher.accepts(state));
        state = matcher.step(state, static_cast<uint8_t>(c));
    }
    EXPECT_TRUE(matcher.only_end(state));
    EXPECT_EQ(matcher.forced(state), "");
}

TEST(Automaton, CharactersAreUtf8) {
    const auto automaton = from_gbnf("root ::= [\\u00e0-\\U0001F600]");
    const auto any = from_gbnf("root ::= .");
    for (uint32_t c = 1; c < 0x110000; c += c < 0x1000 ? 7 : 997) {
        if (c >= 0xd800 && c <= 0xdfff) continue;
        std::string text;
        if (c < 0x80) {
            text = {static_cast<char>(c)};
        } else if (c < 0x800) {
            text = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
        } else if (c < 0x10000) {
            text = {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                    static_cast<char>(0x80 | (c & 63))};
        } else {
            text = {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                    static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
        }
        ASSERT_EQ(accepts(automaton, text), c >= 0xe0 && c <= 0x1F600) << c;
        ASSERT_TRUE(accepts(any, text)) << c;
    }
    for (const char* text : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xC3"}) {
        EXPECT_FALSE(accepts(any, text));
    }
}

TEST(Automaton, WhatCanNeverEndIsRefused) {
    for (const char* text : {"root ::= \"a\" root", "root ::= \"a\" b\nb ::= \"c\" b"}) {
        const auto made = Automaton::compile(*Grammar::parse_gbnf(text));
        EXPECT_EQ(made.status().code(), Code::kInvalidArgument) << text;
    }
}

TEST(Automaton, AWayThatCanNeverEndIsNotTaken) {
    const auto automaton = from_gbnf("root ::= \"a\" | \"b\" loop\nloop ::= \"c\" loop");
    Matcher matcher(automaton);
    EXPECT_EQ(matcher.step(matcher.start(), 'b'), Matcher::kDead);
    EXPECT_TRUE(accepts(matcher, "a"));
}

TEST(Automaton, LeftRecursionIsRefusedByName) {
    for (const char* text :
         {"root ::= root \"a\" | \"b\"", "root ::= x\nx ::= \"q\"? y\ny ::= x \"a\" | \"z\"",
          "root ::= x\nx ::= (\"a\"*){2} x | \"b\""}) {
        const auto made = Automaton::compile(*Grammar::parse_gbnf(text));
        EXPECT_EQ(made.status().code(), Code::kInvalidArgument) << text;
        EXPECT_NE(made.status().message().find("left recursion"), std::string::npos);
    }
    EXPECT_TRUE(Automaton::compile(*Grammar::parse_gbnf("root ::= \"a\"{2} root | \"b\"")).ok());
}

TEST(Automaton, AnAmbiguousGrammarEndsInDeadStatesNotInMemory) {
    const auto automaton = from_gbnf("root ::= (.{0,3000} .{0,3000} .{0,3000}){1,3000} \"!\"");
    Matcher matcher(automaton);
    Matcher::State state = matcher.start();
    for (int i = 0; i < 100 && state != Matcher::kDead; ++i) state = matcher.step(state, 'a');
    EXPECT_TRUE(state == Matcher::kDead ? matcher.overflowed() : true);
}

TEST(Automaton, TooLargeIsRefused) {
    Grammar grammar;
    std::vector<Grammar::Id> parts(2000, grammar.literal("some text"));
    grammar.set_root(grammar.sequence(parts));
    EXPECT_EQ(Automaton::compile(grammar, {.max_instructions = 1000}).status().code(),
              Code::kLimitExceeded);
}

}  // namespace
}  // namespace alv::schema
