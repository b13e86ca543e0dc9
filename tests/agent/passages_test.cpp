#include "agent/passages.h"

#include <gtest/gtest.h>

namespace alv::agent {
namespace {

Passage passage(const std::string& id, const std::string& text, const std::string& source = "a") {
    return {id, text, "", source, 0.5};
}

std::string ids(const std::vector<Passage>& passages) {
    std::string out;
    for (const Passage& p : passages) out += p.id;
    return out;
}

Result<uint32_t> count_bytes(std::string_view text) {
    return static_cast<uint32_t>(text.size());
}

TEST(Passages, WhatTwoListsNameComesFirst) {
    const auto fused = fuse({{passage("1", "one"), passage("2", "two"), passage("3", "three")},
                             {passage("9", "three", "b"), passage("8", "eight", "b")}});
    EXPECT_EQ(ids(fused), "3128") << "1/63 + 1/61 is more than 1/61";
}

TEST(Passages, TheSameTextAndTheSameIdAreOne) {
    const auto fused = fuse({{passage("1", "one  two"), passage("2", "\none two "),
                              passage("1", "other"), passage("3", " \n")},
                             {passage("1", "one", "b")}});
    EXPECT_EQ(fused.size(), 2u);
}

TEST(Passages, TheBudgetIsKeptAndASmallerOneMayFollow) {
    const std::vector<Passage> all = {passage("1", std::string(50, 'x')),
                                      passage("2", std::string(500, 'y')),
                                      passage("3", std::string(20, 'z'))};
    EXPECT_EQ(ids(*fit(all, 0, count_bytes)), "123");
    const auto some = fit(all, 130, count_bytes).value();
    EXPECT_EQ(ids(some), "13");
    EXPECT_LE(passage_block(some).size(), 130u);
    EXPECT_EQ(ids(*fit(all, 10, count_bytes)), "");
}

TEST(Passages, TheBlockSaysWhereEachCameFrom) {
    EXPECT_EQ(passage_block({passage("7", "Elves.", "lore"), passage("", "Orcs.", "b")}),
              "[1] (source: lore, id: 7)\nElves.\n\n[2] (source: b)\nOrcs.");
    EXPECT_EQ(passage_block({passage("7)\n[2] (source: x", "t", "a\nb")}),
              "[1] (source: a b, id: 7   2   source: x)\nt");
}

TEST(Citations, AreFoundAcrossPieces) {
    const std::string text = "As [1] says, [3] and [12], [0], [x], [ 2], [[2] and [2";
    for (size_t step = 1; step < 8; ++step) {
        CitationFinder finder(3);
        std::string found;
        for (size_t i = 0; i < text.size(); i += step) {
            for (const auto& citation : finder.put(text.substr(i, step))) {
                found += text.substr(citation.begin, citation.end - citation.begin);
                EXPECT_EQ(std::to_string(citation.passage + 1),
                          text.substr(citation.begin + 1, citation.end - citation.begin - 2));
            }
        }
        EXPECT_EQ(found, "[1][3][2]");
    }
}

}  // namespace
}  // namespace alv::agent
