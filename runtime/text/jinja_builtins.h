// Tables of what templates may call: filters, tests, methods, functions.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_context.h"
#include "text/jinja_value.h"

namespace alv::text::jinja {

// Of a call. For a callee with a parameter list every parameter has its place in `positional`
// (absent when not passed) and there are no keywords.
struct Arguments {
    std::span<const Value> positional;
    std::span<const std::pair<Value, Value>> keywords = {};
    const Value& operator[](size_t i) const { return positional[i]; }
};

using Callee = Value (*)(Context& cx, const Value& self, const Arguments& arguments);

// params: names separated by blanks; null means the callee looks at the raw arguments. The first
// `required` of them must be passed.
struct FilterInfo {
    std::string_view name;
    Callee call;
    const char* params = "";
    uint32_t required = 0;
};
struct TestInfo {
    std::string_view name;
    bool (*call)(Context& cx, const Value& self, const Arguments& arguments);
    uint32_t required = 0;  // tests take this many, by position
};
struct MethodInfo {
    Kind kind;
    std::string_view name;
    Callee call;
    const char* params = "";
    uint32_t required = 0;
};
struct FunctionInfo {
    std::string_view name;
    Callee call;
    const char* params = "";
    uint32_t required = 0;
};

const FilterInfo* find_filter(std::string_view name);
const TestInfo* find_test(std::string_view name);
const MethodInfo* find_method(Kind kind, std::string_view name);
std::span<const FunctionInfo> functions();

Value call_filter(Context& cx, const FilterInfo& f, const Value& self, const Arguments& arguments);
bool call_test(Context& cx, const TestInfo& t, const Value& self, const Arguments& arguments);
Value call_method(Context& cx, const Method& m, const Arguments& arguments);
Value call_function(Context& cx, const FunctionInfo& f, const Arguments& arguments);

std::span<const FilterInfo> text_filters();
std::span<const FilterInfo> sequence_filters();
std::span<const FilterInfo> selection_filters();
std::span<const MethodInfo> string_methods();
std::span<const MethodInfo> container_methods();

// Shared by filters and methods.
Value strip(Context& cx, const Value& s, const Value& chars, bool left, bool right);
Value replace(Context& cx, const Value& s, const Value& from, const Value& to, int64_t count);
Value change_case(Context& cx, const Value& s, bool upper);
Value capitalize(Context& cx, const Value& s);
Value escape(Context& cx, const Value& s);     // for HTML, unless it is markup
Value mark_safe(Context& cx, const Value& s);  // a copy that is markup
Value format_percent(Context& cx, const Value& format, const Value& arguments);
Value format_braces(Context& cx, const Value& format, const Arguments& arguments);

Value join(Context& cx, const Value& separator, const Value& items);
Value strftime(Context& cx, const Value& format, int64_t unix_seconds);
// The argument as an integer, `fallback` when absent; anything else fails.
int64_t integer_argument(Context& cx, const Value& v, int64_t fallback, const char* what);
// The attribute a.b.0 of a value, as map(attribute=...) and its kin name it.
Value attribute_path(Context& cx, const Value& v, const Value& path);

}  // namespace alv::text::jinja
