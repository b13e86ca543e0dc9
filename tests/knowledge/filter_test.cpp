// The filter language against documents whose answer is known.
#include "knowledge/filter.h"

#include <algorithm>

#include "knowledge/harness.h"

namespace alv::knowledge::test {
namespace {

class FilterTest : public ::testing::Test {
  protected:
    FilterTest() : knowledge_(open_at("")) {
        Document three = doc("3", "word three", R"({"lang": "de", "year": 2022.5, "draft": true})");
        three.source = "book";
        EXPECT_TRUE(
            knowledge_
                ->add({doc("0", "word zero"),
                       doc("1", "word one", R"({"lang": "en", "year": 2020, "draft": false})"),
                       doc("2", "word two", R"({"lang": "en", "year": 2021, "draft": null})"),
                       three, doc("4", "word four", R"({"lang": 7, "year": "2021", "a.b": 1})")},
                      nullptr)
                .ok());
    }
    // Which documents pass, in the three modes alike.
    std::string passing(const std::string& filter) {
        std::string out;
        for (const Mode mode : {Mode::kVector, Mode::kWords, Mode::kHybrid}) {
            auto keys = keys_of(knowledge_->search({"word", 10, filter, mode}));
            std::sort(keys.begin(), keys.end());
            std::string text;
            for (const std::string& key : keys) text += key;
            if (mode != Mode::kVector) {
                EXPECT_EQ(text, out) << filter;
            }
            out = text;
        }
        return out;
    }
    std::shared_ptr<Knowledge> knowledge_;
};

TEST_F(FilterTest, Conditions) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "01234"},
        {"{}", "01234"},
        {R"({"lang": "en"})", "12"},
        {R"({"lang": 7})", "4"},
        {R"({"lang": "7"})", ""},
        {R"({"lang": {"$ne": "en"}})", "034"},
        {R"({"lang": {"$in": ["en", 7]}})", "124"},
        {R"({"lang": {"$in": []}})", ""},
        {R"({"lang": {"$nin": ["en"]}})", "034"},
        {R"({"year": {"$gte": 2021}})", "23"},
        {R"({"year": {"$gt": 2020, "$lt": 2022.5}})", "2"},
        {R"({"year": {"$lte": 2020}})", "1"},
        {R"({"year": {"$gte": "2"}})", "4"},
        {R"({"draft": true})", "3"},
        {R"({"draft": false})", "1"},
        {R"({"draft": null})", "2"},
        {R"({"draft": {"$exists": true}})", "123"},
        {R"({"draft": {"$exists": false}})", "04"},
        {R"({"draft": 1})", ""},
        {R"({"a.b": 1})", "4"},
        {R"({"$id": "2"})", "2"},
        {R"({"$id": {"$in": ["0", "3"]}})", "03"},
        {R"({"$source": "book"})", "3"},
        {R"({"lang": "en", "year": 2021})", "2"},
        {R"({"$or": [{"lang": "de"}, {"year": 2020}]})", "13"},
        {R"({"$and": [{"lang": "en"}, {"$not": {"year": 2020}}]})", "2"},
        {R"({"$not": {"lang": "en"}})", "034"},
        {R"({"x' OR 1=1 --": "y"})", ""},
        {R"({"lang": "en' OR '1'='1"})", ""}};
    for (const auto& [filter, expected] : cases) EXPECT_EQ(passing(filter), expected) << filter;
}

TEST_F(FilterTest, WhatIsWrongIsNamed) {
    std::string many = R"({"lang": {"$in": [1)";
    for (int i = 0; i < 600; ++i) many += ",1";
    many += "]}}";
    std::string deep;
    for (int i = 0; i < 20; ++i) deep += R"({"$not":)";
    deep += "{}" + std::string(20, '}');
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"[", "JSON"},
        {"[]", "object"},
        {"7", "object"},
        {R"({"lang": {"$regex": "x"}})", "$regex"},
        {R"({"$nor": []})", "$nor"},
        {R"({"lang": {}})", "lang"},
        {R"({"lang": ["en"]})", "lang"},
        {R"({"lang": {"$gt": true}})", "$gt"},
        {R"({"lang": {"$in": 1}})", "$in"},
        {R"({"lang": {"$exists": 1}})", "$exists"},
        {R"({"a\"b": 1})", "quotes"},
        {R"({"": 1})", "name"},
        {R"({"$and": []})", "$and"},
        {std::string(70000, ' ') + "{}" + std::string(70000, ' '), "65536"},
        {many, "512"},
        {deep, "levels"},
        {std::string(100000, '['), "65536"},
        {std::string(1000, '['), "deep"},
        {R"({"a": ")" + std::string(1000, ']') + R"(", "b": )" + std::string(1000, '['), "deep"}};
    for (const auto& [filter, part] : cases) {
        const auto parsed = parse_filter(filter);
        ASSERT_FALSE(parsed.ok()) << filter.substr(0, 60);
        EXPECT_NE(parsed.status().message().find(part), std::string::npos)
            << filter.substr(0, 60) << ": " << parsed.status().message();
    }
}

TEST_F(FilterTest, ALongListStaysWithinSqlsLimits) {
    std::string list = R"({"year": {"$in": [2021)";
    for (int i = 0; i < 400; ++i) list += "," + std::to_string(i);
    EXPECT_EQ(passing(list + "]}}"), "2");
    std::string either = R"({"$or": [{"year": 2021})";
    for (int i = 0; i < 120; ++i) either += R"(,{"year": )" + std::to_string(i) + "}";
    EXPECT_EQ(passing(either + "]}"), "2");
}

}  // namespace
}  // namespace alv::knowledge::test
