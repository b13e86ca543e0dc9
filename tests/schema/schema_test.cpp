#include "schema/schema.h"

#include "schema/follow.h"

namespace alv::schema {
namespace {

using test::accepts;
using test::from_schema;

std::shared_ptr<const Schema> parse(std::string_view text) {
    auto made = Schema::parse(text);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *made : nullptr;
}

TEST(Schema, UnsupportedKeywordsAreRefusedByNameAndPlace) {
    for (const char* keyword :
         {"not", "if", "patternProperties", "propertyNames", "minProperties", "contains",
          "multipleOf", "dependentRequired", "unevaluatedProperties", "$anchor", "$dynamicRef",
          "no-such-keyword"}) {
        const std::string text =
            R"({"properties": {"a": {")" + std::string(keyword) + R"(": {}}}})";
        const auto made = Schema::parse(text);
        ASSERT_EQ(made.status().code(), Code::kUnsupported) << keyword;
        EXPECT_NE(made.status().message().find(keyword), std::string::npos);
        EXPECT_NE(made.status().message().find("#/properties/a"), std::string::npos);
    }
    EXPECT_EQ(Schema::parse(R"({"uniqueItems": true})").status().code(), Code::kUnsupported);
    EXPECT_TRUE(Schema::parse(R"({"uniqueItems": false})").ok());
}

TEST(Schema, WhatIsNoSchemaIsSaid) {
    for (const char* text :
         {"", "{", "3", "[]", R"({"type": "text"})", R"({"type": 3})", R"({"minLength": -1})",
          R"({"minLength": 1.5})", R"({"enum": 3})", R"({"required": [1]})", R"({"anyOf": []})",
          R"({"properties": []})", R"({"$ref": "#/nowhere"})", R"({"$ref": "#"})",
          R"({"items": 3})", R"({"minimum": "1"})", R"({"pattern": 3})"}) {
        EXPECT_EQ(Schema::parse(text).status().code(), Code::kInvalidArgument) << text;
    }
    EXPECT_EQ(Schema::parse(R"({"$ref": "other.json"})").status().code(), Code::kUnsupported);
}

TEST(Schema, WhatAGrammarCantTellIsRefused) {
    for (const char* text :
         {R"({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {}}})",
          R"({"anyOf": [{}], "properties": {}})", R"({"pattern": "a", "minLength": 2})",
          R"({"oneOf": [{"type": "string"}, {"maxLength": 3}]})",
          R"({"oneOf": [{"minimum": 1}, {"maximum": 1}]})", R"({"allOf": [{}, {}]})",
          R"({"minimum": 1e300})", R"g({"pattern": "(?=a)"})g"}) {
        EXPECT_EQ(Schema::parse(text).status().code(), Code::kUnsupported) << text;
    }
}

TEST(Schema, BranchesThatExcludeEachOtherAreOneOf) {
    for (const char* text :
         {R"({"oneOf": [{"type": "string"}, {"type": "integer"}]})",
          R"({"oneOf": [{"enum": [1, 2]}, {"const": 3}]})",
          R"({"oneOf": [{"type": "number", "maximum": 1},
              {"type": "number", "exclusiveMinimum": 1}]})",
          R"({"oneOf": [{"type": "object", "properties": {"k": {"const": 1}}, "required": ["k"]},
              {"type": "object", "properties": {"k": {"const": 2}}, "required": ["k"]}]})",
          R"({"oneOf": [{"type": "null"}, {"anyOf": [{"type": "string"}, {"type": "array"}]}]})"}) {
        EXPECT_TRUE(Schema::parse(text).ok()) << text << Schema::parse(text).status().message();
    }
}

TEST(Schema, PropertiesComeInTheirOrderAndOnce) {
    const auto schema = parse(R"({"required": ["z"], "properties": {"b": {"const": 1},
        "a": {"const": 2}, "z": {"const": 3}}, "type": "object"})");
    const auto automaton = from_schema(*schema);
    for (const char* text : {R"({"z": 3})", R"({"b": 1, "z": 3})", R"({"a": 2, "z": 3})",
                             R"({"b": 1, "a": 2, "z": 3})"}) {
        EXPECT_TRUE(accepts(automaton, text)) << text;
    }
    for (const char* text : {"{}", R"({"a": 2, "b": 1, "z": 3})", R"({"b": 1})", R"({"z": 3, })",
                             R"({"z": 3, "z": 3})", R"({"z":3})", R"({"q": 1, "z": 3})"}) {
        EXPECT_FALSE(accepts(automaton, text)) << text;
    }
}

TEST(Schema, ArraysKeepToTheirCounts) {
    const auto automaton = from_schema(*parse(
        R"({"type": "array", "prefixItems": [{"const": "a"}, {"const": "b"}],
            "items": {"const": 0}, "minItems": 1, "maxItems": 4})"));
    for (const char* text :
         {R"(["a"])", R"(["a", "b"])", R"(["a", "b", 0])", R"(["a", "b", 0, 0])"}) {
        EXPECT_TRUE(accepts(automaton, text)) << text;
    }
    for (const char* text :
         {"[]", R"(["b"])", R"(["a", 0])", R"(["a", "b", 0, 0, 0])", R"(["a", ])"}) {
        EXPECT_FALSE(accepts(automaton, text)) << text;
    }
    EXPECT_TRUE(accepts(from_schema(*parse(R"({"type": "array", "maxItems": 0})")), "[]"));
    EXPECT_TRUE(accepts(from_schema(*parse(R"({"type": "array", "items": false})")), "[]"));
    Grammar grammar;
    const auto none = parse(R"({"type": "array", "items": false, "minItems": 1})");
    grammar.set_root(*add_schema(grammar, *none));
    EXPECT_FALSE(Automaton::compile(grammar).ok());
}

TEST(Schema, StringsCountCharactersNotBytes) {
    const auto automaton =
        from_schema(*parse(R"({"type": "string", "minLength": 2, "maxLength": 3})"));
    for (const char* text : {R"("ab")", R"("éè")", R"("\n\u00e9\\")", R"("東京都")"}) {
        EXPECT_TRUE(accepts(automaton, text)) << text;
    }
    for (const char* text :
         {R"("a")", R"("é")", R"("abcd")", "\"a\nb\"", R"("\ud800x")", R"("a\x")"}) {
        EXPECT_FALSE(accepts(automaton, text)) << text;
    }
}

TEST(Schema, ATypeBesideAChoiceNarrowsIt) {
    const auto schema =
        parse(R"({"type": "string", "anyOf": [{"enum": [1, "a"]}, {"type": "null"}]})");
    const auto automaton = from_schema(*schema);
    EXPECT_TRUE(accepts(automaton, R"("a")"));
    EXPECT_FALSE(accepts(automaton, "1"));
    EXPECT_FALSE(accepts(automaton, "null"));
    EXPECT_TRUE(validate_text(*schema, R"("a")").ok());
    EXPECT_FALSE(validate_text(*schema, "1").ok());
}

TEST(Schema, RecursiveSchemas) {
    const auto schema = parse(R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "required": ["kids"]}}})");
    const auto automaton = from_schema(*schema);
    EXPECT_TRUE(accepts(automaton, R"({"kids": [{"kids": []}, {"kids": [{"kids": []}]}]})"));
    EXPECT_FALSE(accepts(automaton, R"({"kids": [{}]})"));
    EXPECT_FALSE(validate_text(*schema, R"({"kids": [{}]})").ok());
    // One that needs itself for ever.
    Grammar grammar;
    const auto endless = parse(R"({"type": "object", "properties": {"a": {"$ref": "#"}},
        "required": ["a"]})");
    grammar.set_root(*add_schema(grammar, *endless));
    EXPECT_FALSE(Automaton::compile(grammar).ok());
}

TEST(Schema, HostileSchemasEndInErrors) {
    std::string deep;
    for (int i = 0; i < 60'000; ++i) deep += R"({"items":)";
    EXPECT_EQ(Schema::parse(deep).status().code(), Code::kLimitExceeded);
    std::string wide = R"({"enum": [0)";
    for (int i = 1; i < 100'000; ++i) wide += "," + std::to_string(i);
    const auto many = parse(wide + "]}");
    EXPECT_TRUE(accepts(from_schema(*many), "99999"));
    EXPECT_FALSE(accepts(from_schema(*many), "100000"));
    const auto long_text = parse(R"({"type": "string", "minLength": 1000000000})");
    Matcher matcher(from_schema(*long_text));
    EXPECT_EQ(matcher.shortest(matcher.start()), 1'000'000'002u);
    EXPECT_EQ(Schema::parse(std::string(2 << 20, ' ') + "{}").status().code(),
              Code::kLimitExceeded);
    EXPECT_EQ(validate_text(*parse("{}"), std::string(100'000, '[')).code(), Code::kLimitExceeded);
    const auto loop = parse(R"({"anyOf": [{"$ref": "#"}, {"type": "string"}]})");
    EXPECT_EQ(validate_text(*loop, "1").code(), Code::kLimitExceeded);
}

TEST(Schema, ErrorsNamePlaceAndKeyword) {
    const auto schema = parse(R"({"properties": {"a": {"items": {"maximum": 3}}}})");
    const Status status = validate_text(*schema, R"({"a": [1, 2, 9]})");
    EXPECT_NE(status.message().find("/a/2"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("maximum"), std::string::npos);
}

}  // namespace
}  // namespace alv::schema
