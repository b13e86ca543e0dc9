#include <gtest/gtest.h>

#include <string>

#include "demo_tools.h"

namespace {

double value_of(const char* expression) {
    double value = -1;
    const char* wrong = demo_calculate(expression, &value);
    EXPECT_EQ(wrong, nullptr) << expression << ": " << (wrong ? wrong : "");
    return value;
}

TEST(Calculate, KnowsWhatBindsFirst) {
    EXPECT_DOUBLE_EQ(value_of("1 + 2 * 3"), 7);
    EXPECT_DOUBLE_EQ(value_of("(1 + 2) * 3"), 9);
    EXPECT_DOUBLE_EQ(value_of("2 ^ 3 ^ 2"), 512);
    EXPECT_DOUBLE_EQ(value_of("-2 ^ 2"), -4);
    EXPECT_DOUBLE_EQ(value_of("7 - 3 - 2"), 2);
    EXPECT_DOUBLE_EQ(value_of("17 % 5 / 2"), 1);
    EXPECT_DOUBLE_EQ(value_of("sqrt(16) + abs(-3) * pi"), 4 + 3 * 3.14159265358979323846);
    EXPECT_DOUBLE_EQ(value_of("  .5*4 "), 2);
}

TEST(Calculate, RefusesWhatIsNoExpression) {
    const std::string deep(100'000, '(');
    for (const std::string& wrong :
         {std::string(), std::string("1 +"), std::string("(1"), std::string("1)"),
          std::string("2 3"), std::string("inf"), std::string("nan"), std::string("0x10"),
          std::string("system(1)"), std::string("1/0"), std::string("9^9^9^9"),
          std::string("sqrt(-1)"), std::string("."), std::string("--") + deep, deep,
          std::string(100'000, '-')}) {
        double value = 0;
        EXPECT_NE(demo_calculate(wrong.c_str(), &value), nullptr) << wrong.substr(0, 40);
    }
}

TEST(Calculate, ReadsTheMembersOfAnObject) {
    const alv_string json = alv_str(
        "{\"a\": {\"key\": \"inner\"}, \"b\": \"key\", \"key\": \"x \\\"\\u00e4\\n\", \"n\": 3}");
    char text[16];
    const alv_string sized = {json.data, std::string(json.data).size()};
    ASSERT_EQ(demo_json_text(sized, "key", text, sizeof text), 1);
    EXPECT_STREQ(text, "x \"\xC3\xA4\n");
    EXPECT_EQ(demo_json_text(sized, "key", text, 4), 0) << "it does not fit";
    EXPECT_EQ(demo_json_text(sized, "n", text, sizeof text), 0) << "it is no text";
    EXPECT_EQ(demo_json_text(sized, "none", text, sizeof text), 0);
}

}  // namespace
