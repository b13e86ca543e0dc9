#include "local/stop.h"

#include <gtest/gtest.h>

#include <random>

namespace alv::local {
namespace {

std::string feed(StopFilter& filter, const std::vector<std::string>& pieces) {
    std::string shown;
    for (const std::string& piece : pieces) shown += filter.push(piece);
    return shown + filter.finish();
}

TEST(StopFilter, WithoutStopStringsPassesAllAtOnce) {
    StopFilter filter({});
    EXPECT_EQ(filter.push("hello"), "hello");
    EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, HoldsWhatCouldBecomeAStopString) {
    StopFilter filter({"END"});
    EXPECT_EQ(filter.push("so E"), "so ");
    EXPECT_EQ(filter.push("N"), "");
    EXPECT_EQ(filter.push("X"), "ENX");
    EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, ShowsNoPartOfAStopStringThatIsSplitOverPieces) {
    StopFilter filter({"</s>"});
    EXPECT_EQ(feed(filter, {"a<", "/", "s", ">b"}), "a");
    EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, GivesBackWhatIsHeldAtTheEnd) {
    StopFilter filter({"END"});
    EXPECT_EQ(feed(filter, {"the E", "N"}), "the EN");
    EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, TheOneThatEndsFirstWinsAndOfThoseTheLongest) {
    StopFilter filter({"bc", "abc", "abcd"});
    EXPECT_EQ(feed(filter, {"xabcd"}), "x");
}

TEST(StopFilter, OverlappingStartsAreNotLost) {
    StopFilter filter({"aab"});
    EXPECT_EQ(feed(filter, {"aaa", "b!"}), "a");
    EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, TheResultDoesNotDependOnHowTheTextIsCut) {
    std::mt19937 random(7);
    const std::vector<std::string> stops = {"aba", "bb", "cabc"};
    for (int round = 0; round < 500; ++round) {
        std::string text;
        for (int i = 0; i < 12; ++i) text += static_cast<char>('a' + random() % 3);
        StopFilter whole(stops);
        const std::string expected = feed(whole, {text});
        std::vector<std::string> pieces;
        for (size_t at = 0; at < text.size();) {
            const size_t n = 1 + random() % 3;
            pieces.push_back(text.substr(at, n));
            at += n;
        }
        StopFilter cut(stops);
        EXPECT_EQ(feed(cut, pieces), expected) << text;
        EXPECT_EQ(cut.stopped(), whole.stopped()) << text;
    }
}

}  // namespace
}  // namespace alv::local
