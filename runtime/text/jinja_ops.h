// What expressions do to values, as Python does it.
#pragma once

#include <cstdint>
#include <string>

#include "text/jinja_context.h"
#include "text/jinja_lexer.h"
#include "text/jinja_program.h"
#include "text/jinja_value.h"

namespace alv::text::jinja {

Value binary(Context& cx, Tok op, const Value& a, const Value& b);
Value negate(Context& cx, const Value& v);
bool equals(Context& cx, const Value& a, const Value& b);
// <0, 0, >0. Values that have no order fail the context.
int order(Context& cx, const Value& a, const Value& b);
bool compare(Context& cx, CompareOp op, const Value& a, const Value& b);
bool contains(Context& cx, const Value& container, const Value& item);

Value get_attribute(Context& cx, const Value& object, const Value& name);
Value get_item(Context& cx, const Value& object, const Value& key);
Value slice(Context& cx, const Value& v, const Value& start, const Value& stop, const Value& step);
Value loop_attribute(Context& cx, const Value& loop, std::string_view name);

// The items that `for` walks: of a list, the keys of a dict, the characters of a string.
Value iterate(Context& cx, const Value& v);
Value undefined_error(Context& cx, const Value& v);

std::string float_text(double d);
void write_text(Context& cx, Builder& out, const Value& v);  // str(v)
Value to_text(Context& cx, const Value& v);
Value to_repr(Context& cx, const Value& v);

struct JsonStyle {
    bool ascii = false;
    bool sort_keys = false;
    int64_t indent = -1;  // -1: one line
    std::string item_separator = ", ";
    std::string key_separator = ": ";
};
Value to_json(Context& cx, const Value& v, const JsonStyle& style);

// Everything that comes out of `text` is untrusted. `what` names it in the error.
Value from_json(Context& cx, std::string_view text, const char* what);

}  // namespace alv::text::jinja
