#include "base/json.h"

#include <gtest/gtest.h>

namespace alv {
namespace {

TEST(Json, DepthIsThatOfBracketsOutsideOfStrings) {
    EXPECT_EQ(json_depth(""), 0u);
    EXPECT_EQ(json_depth("7"), 0u);
    EXPECT_EQ(json_depth(R"({"a": [1, {"b": []}], "c": {}})"), 4u);
    EXPECT_EQ(json_depth(R"(["]]]]", "\"[[[", [1]])"), 2u);
    EXPECT_EQ(json_depth("]]]][[["), 3u);
}

TEST(Json, TreesComeBackAndGoWhole) {
    const std::string text = R"({"z":[1,-0.5,null,{"y":["x",{}]}],"a":true})";
    const auto ordered = OrderedJson::parse(text);
    EXPECT_EQ(ordered.dump(), text);
    EXPECT_EQ(Json::parse(text).dump(), R"({"a":true,"z":[1,-0.5,null,{"y":["x",{}]}]})");
    const OrderedJson copy = ordered;
    EXPECT_EQ(copy, ordered);
    EXPECT_TRUE(Json::parse("[1,", nullptr, false).is_discarded());
}

}  // namespace
}  // namespace alv
