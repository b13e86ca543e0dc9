#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::accepts;
using test::from_gbnf;

TEST(Gbnf, ReadsWhatLlamaCppReads) {
    const auto automaton = from_gbnf(R"(
        # a list of moves
        root ::= (move "\n")+   # one a line
        move ::= piece? [a-h] [1-8]
               | "O-O" "-O"?
        piece ::= [NBRQK]
    )");
    EXPECT_TRUE(accepts(automaton, "e4\nNf3\nO-O-O\n"));
    EXPECT_FALSE(accepts(automaton, "e9\n"));
    EXPECT_FALSE(accepts(automaton, "e4"));
}

TEST(Gbnf, EscapesAndClasses) {
    const auto automaton = from_gbnf(R"(root ::= "\"\\\n\t\x41\u00e9\U0001F600" [^\]\x00-\x1f-])");
    EXPECT_TRUE(accepts(automaton, "\"\\\n\tA\xC3\xA9\xF0\x9F\x98\x80x"));
    EXPECT_FALSE(accepts(automaton, "\"\\\n\tA\xC3\xA9\xF0\x9F\x98\x80]"));
    EXPECT_FALSE(accepts(automaton, "\"\\\n\tA\xC3\xA9\xF0\x9F\x98\x80-"));
}

TEST(Gbnf, ErrorsNameTheLine) {
    const std::pair<const char*, const char*> bad[] = {
        {"", "root"},
        {"a ::= \"x\"", "root"},
        {"root ::= \"x", "line 1"},
        {"root ::= [a", "line 1"},
        {"root ::= (\"a\"", "line 1"},
        {"root ::= \"a\")", "line 1"},
        {"root ::= \"a\"\nroot ::= \"b\"", "line 2"},
        {"root = \"a\"", "line 1"},
        {"root ::= \"a\"\n\n  \"b\"", "line 3"},
        {"root ::= [z-a]", "line 1"},
        {"root ::= \"\\q\"", "line 1"},
        {"root ::= \"a\"{3,1}", "line 1"},
        {"root ::= \"a\"{99999999999}", "line 1"},
        {"root ::= \"\xFF\"", "line 1"},
    };
    for (const auto& [text, word] : bad) {
        const auto grammar = Grammar::parse_gbnf(text);
        ASSERT_FALSE(grammar.ok()) << text;
        EXPECT_NE(grammar.status().message().find(word), std::string::npos)
            << text << ": " << grammar.status().message();
    }
    const auto undefined = Automaton::compile(*Grammar::parse_gbnf("root ::= \"a\" nowhere"));
    EXPECT_NE(undefined.status().message().find("nowhere"), std::string::npos);
}

TEST(Gbnf, SixtyThousandBracketsAreALimitNotACrash) {
    const auto grammar = Grammar::parse_gbnf("root ::= " + std::string(60'000, '('));
    EXPECT_EQ(grammar.status().code(), Code::kLimitExceeded);
}

}  // namespace
}  // namespace alv::schema
