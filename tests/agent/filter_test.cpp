#include "agent/filter.h"

#include <gtest/gtest.h>

#include <random>

#include "agent/list_filter.h"
#include "base/utf8.h"
#include "text/fold.h"

namespace alv::agent {
namespace {

FoldedText fold(std::string_view text) {
    text::Folded folded = text::fold(text);
    return {std::move(folded.text), std::move(folded.origin), std::move(folded.origin_end),
            folded.settled};
}

struct Look {
    std::vector<std::string> words;
    std::vector<std::string> patterns = {};
    std::string replacement = "***";
    bool parts_of_words = false;
    bool stop = false;
};

Result<std::shared_ptr<Filter>> make(const Look& look) {
    ListFilterOptions options;
    options.words = look.words;
    options.patterns = look.patterns;
    options.replacement = look.replacement;
    options.parts_of_words = look.parts_of_words;
    options.stop = look.stop;
    options.fold = fold;
    return make_list_filter(std::move(options));
}

std::shared_ptr<Filter> list(const Look& look) {
    const auto made = make(look);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *made : nullptr;
}

std::string whole(const std::shared_ptr<Filter>& filter, std::string_view text) {
    return run_filters({filter}, text)->text;
}

TEST(Fold, WhatLooksAlikeIsAlike) {
    EXPECT_EQ(text::fold("\uFF22\uFF21\uFF24").text, "bad");               // full width
    EXPECT_EQ(text::fold("B\u00C4D").text, text::fold("ba\u0308d").text);  // composed or not
    EXPECT_EQ(text::fold("b\u200Ba\u00ADd").text, "bad");                  // nothing between
    EXPECT_EQ(text::fold("Stra\u00DFe").text, "strasse");
    EXPECT_EQ(text::fold("\uFB01t").text, "fit");
    EXPECT_EQ(text::fold("").origin, std::vector<uint32_t>{0});
}

TEST(Fold, EveryByteKnowsWhereItCameFrom) {
    const text::Folded folded = text::fold("a\uFB01\u200Bz");
    EXPECT_EQ(folded.text, "afiz");
    EXPECT_EQ(folded.origin, (std::vector<uint32_t>{0, 1, 1, 7, 8}));
    EXPECT_EQ(folded.origin_end, (std::vector<uint32_t>{1, 4, 4, 8}));
    EXPECT_EQ(folded.settled, 3u) << "an accent may follow";
    EXPECT_EQ(text::fold("a.").settled, 2u);
    EXPECT_EQ(text::fold("e\u0301\u200B").settled, 0u) << "so may another one";
}

TEST(ListFilter, WordsAreFoundWhole) {
    const auto filter = list({{"bad", "very bad thing"}});
    EXPECT_EQ(whole(filter, "a bad day"), "a *** day");
    EXPECT_EQ(whole(filter, "a badge"), "a badge");
    EXPECT_EQ(whole(filter, "forbad"), "forbad");
    EXPECT_EQ(whole(filter, "BAD, \uFF22\uFF21\uFF24!"), "***, ***!");
    EXPECT_EQ(whole(filter, "A Very\n  Bad\tThing."), "A ***.");
    EXPECT_EQ(whole(filter, "b\u200Ba\u200Bd"), "***");
    EXPECT_EQ(whole(list({.words = {"bad"}, .parts_of_words = true}), "a badge"), "a ***ge");
}

TEST(ListFilter, AMatchInsideOfACharacterTakesItWhole) {
    const auto filter = list({.words = {"if"}, .parts_of_words = true});
    EXPECT_EQ(whole(filter, "x i\uFB01 y"), "x *** y");
}

TEST(ListFilter, PatternsSeeTheFoldedText) {
    const auto filter = list({{}, {"\\b\\d{4}-\\d{4}\\b"}});
    EXPECT_EQ(whole(filter, "card 1234-5678."), "card ***.");
    EXPECT_EQ(whole(filter, "card \uFF11\uFF12\uFF13\uFF14-5678."), "card ***.");
    EXPECT_EQ(whole(filter, "card 12345-5678."), "card 12345-5678.");
}

TEST(ListFilter, StoppingSaysTheReplacementInsteadOfTheRest) {
    const auto filter = list({.words = {"bad"}, .replacement = "[stopped]", .stop = true});
    const Filtered out = run_filters({filter}, "good then bad then more").value();
    EXPECT_TRUE(out.stopped);
    EXPECT_EQ(out.text, "[stopped]");
}

TEST(ListFilter, RefusesWhatCannotBe) {
    for (const Look& look : {Look{{}}, Look{{"a", "\u200B"}}, Look{{}, {"("}}, Look{{}, {"a*"}},
                             Look{{}, {"\\Ga"}}, Look{{}, {"a\\Kb"}}, Look{{}, {"\\C"}},
                             Look{{}, {"(?<=" + std::string(65, 'a') + ")b"}}}) {
        EXPECT_EQ(make(look).status().code(), Code::kInvalidArgument);
    }
    EXPECT_TRUE(make({{}, {"\\\\Ga", "(?<=" + std::string(64, 'a') + ")b"}}).ok());
}

TEST(ListFilter, AHostileTextCannotMakeAPatternWorkForever) {
    const auto out = run_filters({list({{}, {"(a+)+b"}})}, std::string(5000, 'a') + "cb");
    EXPECT_EQ(out.status().code(), Code::kLimitExceeded);
}

// However the text is cut into pieces, the same comes out, and nothing is shown that is not in it.
TEST(FilterStream, PiecesDoNotMatter) {
    const auto filter = list({{"very bad", "b\u00E4d"}, {"x{3,5}y"}});
    const std::string text =
        "so very  bad, very badly b\u00E4d; ba\u0308d xxy xxxxy xxxxxxxy \uFF22\u00C4\uFF24. very";
    const std::string expected = whole(filter, text);
    EXPECT_EQ(expected, "so ***, very badly ***; *** xxy *** xx*** ***. very");
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        FilterStream stream({filter});
        std::string out;
        for (size_t i = 0; i < text.size();) {
            size_t n = utf8::next(text, i).size;
            while (random() % 3 != 0 && i + n < text.size()) n += utf8::next(text, i + n).size;
            out += stream.put(text.substr(i, n)).value();
            ASSERT_EQ(expected.compare(0, out.size(), out), 0) << out;
            i += n;
        }
        out += stream.finish().value();
        ASSERT_EQ(out, expected);
    }
}

std::string by_bytes(const std::shared_ptr<Filter>& filter, const std::string& text) {
    FilterStream stream({filter});
    std::string out;
    for (size_t i = 0; i < text.size(); i += utf8::next(text, i).size) {
        out += stream.put(text.substr(i, utf8::next(text, i).size)).value();
    }
    return out + stream.finish().value();
}

TEST(FilterStream, ALetterIsJudgedWithItsAccent) {
    const Look etes = {.words = {"ete"}, .parts_of_words = true};
    const std::string accented = "ete\u0301 ete\u200B\u0323";
    EXPECT_EQ(whole(list(etes), accented), accented);
    EXPECT_EQ(by_bytes(list(etes), accented), accented) << "not before the accent is there";
    EXPECT_EQ(by_bytes(list({.words = {"\u1EAD"}}), "a\u0323\u0302 \u1EAD"), "*** ***");
}

TEST(FilterStream, WhatShowsNothingAfterAMatchIsNoPartOfIt) {
    const auto filter = list({{}, {"\\+b?"}});
    for (const char* text : {"+\u00AD.", "+\u200Bb\u200B."}) {
        EXPECT_EQ(by_bytes(filter, text), whole(filter, text));
    }
    EXPECT_EQ(whole(filter, "+\u00AD."), "***\u00AD.");
}

TEST(FilterStream, AShortMatchWaitsForALongerOneAtItsPlace) {
    const auto filter = list({{"bad"}, {"bad day"}});
    for (const char* text : {"a bad day.", "a bad dawn.", "bad", "bad day"}) {
        EXPECT_EQ(by_bytes(filter, text), whole(filter, text)) << text;
    }
    EXPECT_EQ(whole(filter, "a bad day."), "a ***.");
}

TEST(FilterStream, PatternsLookBackOverWhatWasShown) {
    const auto filter = list({{}, {"(?<=my card is )\\d+"}});
    EXPECT_EQ(by_bytes(filter, "my card is 123, is 4"), "my card is ***, is 4");
    EXPECT_EQ(by_bytes(list({{}, {"^a"}}), "ab " + std::string(600, '-') + " a"),
              "***b " + std::string(600, '-') + " a");
}

// What waits for the end of a match that never comes gives way, and hides nothing else.
TEST(FilterStream, AMatchThatGrowsTooLongDoesNotLetOthersThrough) {
    const std::string end(6000, 'y');
    EXPECT_EQ(by_bytes(list({{"bad"}, {"x[^!]*!"}}), "x bad " + end), "x *** " + end);
    EXPECT_EQ(by_bytes(list({{}, {"bad|x[^!]*!"}}), "x bad " + end), "x *** " + end);
    EXPECT_EQ(by_bytes(list({{}, {"bad([^!]*!)?"}}), "bad " + end), "*** " + end);
    EXPECT_EQ(whole(list({{}, {"x[^!]*!"}}), "x " + end + "!"), "***")
        << "a whole text has no limit";
}

// Says what the host's filters may say.
struct Scripted : Filter {
    std::function<Result<Verdict>(const FilterView&)> script;
    Result<Verdict> look(const FilterView& view) override { return script(view); }
};

TEST(FilterStream, WhatAFilterHoldsIsNotShown) {
    const auto filter = std::make_shared<Scripted>();
    filter->script = [](const FilterView&) {
        Verdict verdict;
        verdict.hold = 3;
        return verdict;
    };
    FilterStream stream({filter});
    EXPECT_EQ(stream.put("abcd").value(), "a");
    EXPECT_EQ(stream.put("e\u00E9").value(), "bcd");
    EXPECT_EQ(stream.put("\u00E9").value(), "e") << "only whole characters";
    EXPECT_EQ(stream.finish().value(), "\u00E9\u00E9");
}

TEST(FilterStream, AFilterThatCannotJudgeIsAFailure) {
    const auto filter = std::make_shared<Scripted>();
    filter->script = [](const FilterView&) -> Result<Verdict> { return internal_error("x"); };
    EXPECT_EQ(run_filters({filter}, "abc").status().code(), Code::kInternal);
    filter->script = [](const FilterView&) -> Result<Verdict> {
        Verdict verdict;
        verdict.kind = Verdict::Kind::kReplace;
        verdict.begin = 2;
        verdict.end = 9;
        return verdict;
    };
    EXPECT_EQ(run_filters({filter}, "abc").status().code(), Code::kInvalidArgument);
}

TEST(FilterStream, FiltersFollowOneAnother) {
    const auto first = list({.words = {"a"}, .replacement = "b"});
    const auto second = list({.words = {"b"}, .replacement = "c"});
    EXPECT_EQ(run_filters({first, second}, "a b c")->text, "c c c");
    EXPECT_EQ(run_filters({second, first}, "a b c")->text, "b c c");
}

}  // namespace
}  // namespace alv::agent
