// What may stand behind `is`.
#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

template <CompareOp op>
bool compared(C cx, V v, A a) {
    return compare(cx, op, v, a[0]);
}

bool is_sequence(V v) {
    return v.is_sequence() || v.is_string() || v.is(Kind::kDict) || v.is_undefined();
}

bool is_case(C cx, V v, const char* method) {
    const Value s = to_text(cx, v);
    return !cx.failed() && truthy(find_method(Kind::kString, method)->call(cx, s, {}));
}

bool divisible(C cx, V v, A a) {
    return equals(cx, binary(cx, Tok::kMod, v, a[0]), Value::integer(0, true));
}
bool odd(C cx, V v, A) {
    return equals(cx, binary(cx, Tok::kMod, v, Value::integer(2, true)), Value::integer(1, true));
}
bool even(C cx, V v, A) {
    return equals(cx, binary(cx, Tok::kMod, v, Value::integer(2, true)), Value::integer(0, true));
}

const TestInfo kTests[] = {
    {"defined", [](C, V v, A) { return !v.is_undefined(); }},
    {"undefined", [](C, V v, A) { return v.is_undefined(); }},
    {"none", [](C, V v, A) { return v.is(Kind::kNone); }},
    {"boolean", [](C, V v, A) { return v.is(Kind::kBool); }},
    {"true", [](C, V v, A) { return v.is(Kind::kBool) && v.as_bool(); }},
    {"false", [](C, V v, A) { return v.is(Kind::kBool) && !v.as_bool(); }},
    {"integer", [](C, V v, A) { return v.is(Kind::kInt); }},
    {"float", [](C, V v, A) { return v.is(Kind::kFloat); }},
    {"number", [](C, V v, A) { return v.is_number(); }},
    {"string", [](C, V v, A) { return v.is_string(); }},
    {"mapping", [](C, V v, A) { return v.is(Kind::kDict); }},
    {"sequence", [](C, V v, A) { return is_sequence(v); }},
    {"iterable", [](C, V v, A) { return is_sequence(v) || v.is(Kind::kLoop); }},
    {"callable",
     [](C, V v, A) {
         return v.is(Kind::kMacro) || v.is(Kind::kFunction) || v.is(Kind::kMethod) ||
                v.is_undefined();
     }},
    {"odd", odd},
    {"even", even},
    {"divisibleby", divisible, 1},
    {"lower", [](C cx, V v, A) { return is_case(cx, v, "islower"); }},
    {"upper", [](C cx, V v, A) { return is_case(cx, v, "isupper"); }},
    {"in", [](C cx, V v, A a) { return contains(cx, a[0], v); }, 1},
    {"sameas",
     [](C cx, V v, A a) {
         const bool shared = v.kind() >= Kind::kList && a[0].kind() >= Kind::kList;
         return v.kind() == a[0].kind() && (shared ? v.raw() == a[0].raw() : equals(cx, v, a[0]));
     },
     1},
    {"eq", compared<CompareOp::kEq>, 1},
    {"equalto", compared<CompareOp::kEq>, 1},
    {"==", compared<CompareOp::kEq>, 1},
    {"ne", compared<CompareOp::kNe>, 1},
    {"!=", compared<CompareOp::kNe>, 1},
    {"lt", compared<CompareOp::kLt>, 1},
    {"lessthan", compared<CompareOp::kLt>, 1},
    {"<", compared<CompareOp::kLt>, 1},
    {"le", compared<CompareOp::kLe>, 1},
    {"<=", compared<CompareOp::kLe>, 1},
    {"gt", compared<CompareOp::kGt>, 1},
    {"greaterthan", compared<CompareOp::kGt>, 1},
    {">", compared<CompareOp::kGt>, 1},
    {"ge", compared<CompareOp::kGe>, 1},
    {">=", compared<CompareOp::kGe>, 1},
    {"escaped", [](C, V, A) { return false; }},
    {"filter", [](C, V v, A) { return v.is_string() && find_filter(v.text()) != nullptr; }},
    {"test", [](C, V v, A) { return v.is_string() && find_test(v.text()) != nullptr; }},
};

}  // namespace

const TestInfo* find_test(std::string_view name) {
    for (const TestInfo& t : kTests) {
        if (t.name == name) return &t;
    }
    return nullptr;
}

}  // namespace alv::text::jinja
