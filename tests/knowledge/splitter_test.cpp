// The splitter against LangChain's (tests/goldens/splitter.json, made by make_splitter_goldens.py).
#include "knowledge/splitter.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "knowledge/sha256.h"

namespace alv::knowledge::test {
namespace {

TEST(Splitter, GivesLangChainsChunks) {
    std::ifstream file(ALV_TEST_SOURCE_DIR "/goldens/splitter.json");
    const nlohmann::json goldens = nlohmann::json::parse(file);
    ASSERT_GT(goldens["cases"].size(), 100u);
    for (const auto& one : goldens["cases"]) {
        SplitOptions options;
        options.chunk_size = one["size"];
        options.chunk_overlap = one["overlap"];
        options.separators = one["separators"];
        const auto chunks = split_text(one["text"].get<std::string>(), options, count_characters);
        ASSERT_TRUE(chunks.ok()) << chunks.status().message();
        EXPECT_EQ(nlohmann::json(*chunks), one["chunks"]) << one.dump();
    }
}

TEST(Splitter, TheMissionsDocumentsAtHundredWithTwentyOverlap) {
    SplitOptions options;
    options.chunk_size = 100;
    options.chunk_overlap = 20;
    const auto one = [&](const char* text) {
        return *split_text(text, options, count_characters) == std::vector<std::string>{text};
    };
    EXPECT_TRUE(
        one("Artificial Intelligence (AI) is technology that enables computers to think "
            "and learn like humans."));
    EXPECT_TRUE(
        one("Natural Language Processing (NLP) is technology that enables computers to "
            "understand human language."));
    const auto chunks = split_text(
        "Natural Language Processing (NLP) is technology that enables computers to understand "
        "human "
        "language well.",
        options, count_characters);
    const std::vector<std::string> expected = {
        "Natural Language Processing (NLP) is technology that enables computers to understand "
        "human "
        "language",
        "human language well."};
    EXPECT_EQ(*chunks, expected);
}

TEST(Splitter, MeasuresWhatItIsTold) {
    SplitOptions options;
    options.chunk_size = 3;
    options.chunk_overlap = 1;
    const Measure words = [](std::string_view text) -> Result<uint32_t> {
        return text.find_first_not_of(' ') == text.npos ? 0u : 1u;
    };
    const auto chunks = split_text("a b c d e", options, words);
    EXPECT_EQ(*chunks, (std::vector<std::string>{"a b c", "c d e"}));
    const Measure broken = [](std::string_view) -> Result<uint32_t> { return device_lost("x"); };
    EXPECT_EQ(split_text("a b", options, broken).status().code(), Code::kDeviceLost);
}

TEST(Splitter, RefusesNonsense) {
    const auto code = [](std::string_view text, uint32_t size, uint32_t overlap) {
        SplitOptions options;
        options.chunk_size = size;
        options.chunk_overlap = overlap;
        return split_text(text, options, count_characters).status().code();
    };
    EXPECT_EQ(code("x", 0, 0), Code::kInvalidArgument);
    EXPECT_EQ(code("x", 10, 11), Code::kInvalidArgument);
    EXPECT_EQ(code("\xC3(", 10, 1), Code::kInvalidArgument);
    EXPECT_EQ(code("x", 10, 10), Code::kOk);
}

TEST(Sha256, GivesTheStandardsValues) {
    EXPECT_EQ(to_hex(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(std::string(1000000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace alv::knowledge::test
