// A schema of each kind that is supported: what documents are drawn from.
#pragma once

#include <utility>

namespace alv::schema::test {

inline constexpr std::pair<const char*, const char*> kClasses[] = {
    {"any", "{}"},
    {"string", R"({"type": "string"})"},
    {"length", R"({"type": "string", "minLength": 3, "maxLength": 9})"},
    {"pattern", R"({"type": "string", "pattern": "^[A-Z]{2}-\\d{3,5}(x|yz)?$"})"},
    {"loose pattern", R"({"type": "string", "pattern": "a[0-9]"})"},
    {"integer", R"({"type": "integer"})"},
    {"integer bounds", R"({"type": "integer", "minimum": -17, "maximum": 2305})"},
    {"number", R"({"type": "number"})"},
    {"number bounds", R"({"type": "number", "exclusiveMinimum": -0.25, "maximum": 12.5})"},
    {"enum", R"({"enum": ["a", 1, null, true, [1, {"b": "\u00e9"}], 2.5, "\"\\\n"]})"},
    {"anyOf", R"({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5},
        {"type": "array", "items": {"type": "boolean"}, "maxItems": 2}]})"},
    {"oneOf", R"({"oneOf": [{"type": "object", "properties": {"k": {"const": "x"},
        "v": {"type": "integer"}}, "required": ["k", "v"]}, {"type": "object", "properties": {
        "k": {"const": "y"}, "w": {"type": "string", "maxLength": 4}}, "required": ["k"]}]})"},
    {"array", R"({"type": "array", "items": {"type": "integer", "maximum": 9, "minimum": 0},
        "minItems": 2, "maxItems": 5})"},
    {"prefix", R"({"type": "array", "prefixItems": [{"type": "string", "maxLength": 3},
        {"type": "boolean"}], "items": {"type": "null"}, "maxItems": 4})"},
    {"object", R"({"type": "object", "properties": {"a": {"type": "integer"},
        "b": {"type": "string", "maxLength": 5}, "c": {"type": ["boolean", "null"]}},
        "required": ["b"], "additionalProperties": false})"},
    {"map", R"({"type": "object", "additionalProperties": {"type": "integer"}})"},
    {"required only", R"({"type": "object", "required": ["x", "y"]})"},
    {"recursive", R"({"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {
        "v": {"type": "integer", "minimum": 0, "maximum": 9}, "l": {"$ref": "#/$defs/n"},
        "r": {"$ref": "#/$defs/n"}}, "required": ["v"]}}})"},
    {"nested", R"({"type": "object", "properties": {"p": {"type": "array", "minItems": 1,
        "items": {"type": "object", "properties": {"q": {"type": "number", "minimum": 0},
        "r": {"enum": ["s", "t"]}}, "required": ["q", "r"]}}}, "required": ["p"]})"},
};

}  // namespace alv::schema::test
