#include "text/jinja_ops.h"

#include <algorithm>
#include <cmath>

#include "text/jinja_builtins.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

Value operand_error(Context& cx, const char* op, const Value& a, const Value& b) {
    if (a.is_undefined()) return undefined_error(cx, a);
    if (b.is_undefined()) return undefined_error(cx, b);
    return cx.type_error(std::string("unsupported operand types for ") + op + ": '" + type_name(a) +
                         "' and '" + type_name(b) + "'");
}

Value overflow(Context& cx) {
    return cx.fail(Code::kLimitExceeded, "integers beyond 64 bits are not supported");
}

const char* op_text(Tok op) {
    switch (op) {
        case Tok::kPlus:
            return "+";
        case Tok::kMinus:
            return "-";
        case Tok::kMul:
            return "*";
        case Tok::kDiv:
            return "/";
        case Tok::kFloorDiv:
            return "//";
        case Tok::kMod:
            return "%";
        case Tok::kPow:
            return "**";
        default:
            return "~";
    }
}

Value power(Context& cx, int64_t base, int64_t exponent, bool trusted) {
    if (exponent < 0) {
        if (base == 0) return cx.type_error("0 cannot be raised to a negative power");
        return Value::number(std::pow(static_cast<double>(base), static_cast<double>(exponent)),
                             trusted);
    }
    int64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result))
            return overflow(cx);
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return overflow(cx);
    }
    return Value::integer(result, trusted);
}

Value int_arithmetic(Context& cx, Tok op, int64_t a, int64_t b, bool trusted) {
    int64_t r = 0;
    switch (op) {
        case Tok::kPlus:
            return __builtin_add_overflow(a, b, &r) ? overflow(cx) : Value::integer(r, trusted);
        case Tok::kMinus:
            return __builtin_sub_overflow(a, b, &r) ? overflow(cx) : Value::integer(r, trusted);
        case Tok::kMul:
            return __builtin_mul_overflow(a, b, &r) ? overflow(cx) : Value::integer(r, trusted);
        case Tok::kPow:
            return power(cx, a, b, trusted);
        default:
            break;
    }
    if (b == 0) return cx.type_error("division by zero");
    if (op == Tok::kDiv) {
        return Value::number(static_cast<double>(a) / static_cast<double>(b), trusted);
    }
    if (b == -1) {  // INT64_MIN / -1 does not fit
        if (op == Tok::kMod) return Value::integer(0, trusted);
        return __builtin_sub_overflow(int64_t{0}, a, &r) ? overflow(cx)
                                                         : Value::integer(r, trusted);
    }
    int64_t quotient = a / b;
    int64_t remainder = a % b;
    if (remainder != 0 && (remainder < 0) != (b < 0)) {
        --quotient;
        remainder += b;
    }
    return Value::integer(op == Tok::kMod ? remainder : quotient, trusted);
}

Value float_arithmetic(Context& cx, Tok op, double a, double b, bool trusted) {
    switch (op) {
        case Tok::kPlus:
            return Value::number(a + b, trusted);
        case Tok::kMinus:
            return Value::number(a - b, trusted);
        case Tok::kMul:
            return Value::number(a * b, trusted);
        case Tok::kPow:
            return Value::number(std::pow(a, b), trusted);
        default:
            break;
    }
    if (b == 0.0) return cx.type_error("division by zero");
    if (op == Tok::kDiv) return Value::number(a / b, trusted);
    if (op == Tok::kFloorDiv) return Value::number(std::floor(a / b), trusted);
    double r = std::fmod(a, b);
    if (r != 0.0 && (r < 0) != (b < 0)) r += b;
    return Value::number(r, trusted);
}

Value repeat(Context& cx, const Value& v, int64_t times) {
    times = std::max<int64_t>(times, 0);
    if (v.is_string()) {
        Builder b(cx);
        for (int64_t i = 0; i < times && cx.step() && !v.text().empty(); ++i) b.append(v.str());
        return b.finish();
    }
    std::vector<Value> items;
    const auto& from = v.seq().items;
    for (int64_t i = 0; i < times && !from.empty(); ++i) {
        if (!cx.step(1 + from.size())) return {};
        items.insert(items.end(), from.begin(), from.end());
    }
    return cx.list(std::move(items), v.kind());
}

Value concatenate(Context& cx, const Value& a, const Value& b) {
    Builder out(cx);
    write_text(cx, out, a);
    write_text(cx, out, b);
    return out.finish();
}

}  // namespace

Value undefined_error(Context& cx, const Value& v) {
    const std::string name = v.undefined_name();
    return cx.type_error(name.empty() ? "a value is undefined" : "'" + name + "' is undefined");
}

Value binary(Context& cx, Tok op, const Value& a, const Value& b) {
    if (op == Tok::kTilde) return concatenate(cx, a, b);
    if (a.is_number() && b.is_number()) {
        const bool trusted = a.trusted() && b.trusted();
        if (a.is_int() && b.is_int())
            return int_arithmetic(cx, op, a.as_int(), b.as_int(), trusted);
        return float_arithmetic(cx, op, a.as_double(), b.as_double(), trusted);
    }
    if (op == Tok::kPlus && a.is_string() && b.is_string()) {
        if (!a.str().markup && !b.str().markup) return concatenate(cx, a, b);
        return mark_safe(cx, concatenate(cx, escape(cx, a), escape(cx, b)));
    }
    if (op == Tok::kPlus && a.is_sequence() && a.kind() == b.kind()) {
        std::vector<Value> items = a.seq().items;
        items.insert(items.end(), b.seq().items.begin(), b.seq().items.end());
        return cx.list(std::move(items), a.kind());
    }
    if (op == Tok::kMul && b.is_int() && (a.is_string() || a.is_sequence())) {
        return repeat(cx, a, b.as_int());
    }
    if (op == Tok::kMul && a.is_int() && (b.is_string() || b.is_sequence())) {
        return repeat(cx, b, a.as_int());
    }
    if (op == Tok::kMod && a.is_string()) return format_percent(cx, a, b);
    return operand_error(cx, op_text(op), a, b);
}

Value negate(Context& cx, const Value& v) {
    if (v.is_int()) return int_arithmetic(cx, Tok::kMinus, 0, v.as_int(), v.trusted());
    if (v.is(Kind::kFloat)) return Value::number(-v.as_double(), v.trusted());
    if (v.is_undefined()) return undefined_error(cx, v);
    return cx.type_error(std::string("bad operand type for unary -: '") + type_name(v) + "'");
}

// Recurses no deeper than values nest, which Context bounds; each visit costs a step.
bool equals(Context& cx, const Value& a, const Value& b) {
    if (!cx.step()) return false;
    if (a.is_number() && b.is_number()) {
        return a.is_int() && b.is_int() ? a.as_int() == b.as_int() : a.as_double() == b.as_double();
    }
    if (a.is_undefined() && b.is_undefined()) return true;
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Kind::kNone:
            return true;
        case Kind::kString:
            return a.text() == b.text() && cx.step_bytes(a.text().size());
        case Kind::kFunction:
            return &a.function_info() == &b.function_info();
        case Kind::kNamespace:
            return &a.ns() == &b.ns();
        case Kind::kList:
        case Kind::kTuple: {
            const auto& x = a.seq().items;
            const auto& y = b.seq().items;
            if (x.size() != y.size()) return false;
            for (size_t i = 0; i < x.size(); ++i) {
                if (!equals(cx, x[i], y[i])) return false;
            }
            return true;
        }
        case Kind::kDict: {
            if (a.dict().entries.size() != b.dict().entries.size()) return false;
            for (const auto& [key, value] : a.dict().entries) {
                const Value* other = b.dict().find(key);
                if (other == nullptr || !equals(cx, value, *other)) return false;
            }
            return true;
        }
        default:
            return a.raw() == b.raw();
    }
}

int order(Context& cx, const Value& a, const Value& b) {
    if (!cx.step()) return 0;
    if ((a.is_number() && b.is_number()) || (a.is_string() && b.is_string())) {
        if (a.is_string()) cx.step_bytes(std::min(a.text().size(), b.text().size()));
        return compare_keys(a, b);
    }
    if (a.is_sequence() && a.kind() == b.kind()) {
        const auto& x = a.seq().items;
        const auto& y = b.seq().items;
        for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
            if (!equals(cx, x[i], y[i])) return order(cx, x[i], y[i]);
        }
        return x.size() < y.size() ? -1 : (x.size() > y.size() ? 1 : 0);
    }
    if (a.is_undefined() || b.is_undefined()) {
        undefined_error(cx, a.is_undefined() ? a : b);
    } else {
        cx.type_error(std::string("'") + type_name(a) + "' and '" + type_name(b) +
                      "' have no order");
    }
    return 0;
}

bool contains(Context& cx, const Value& container, const Value& item) {
    switch (container.kind()) {
        case Kind::kAbsent:
        case Kind::kUndefined:
            return false;
        case Kind::kString:
            if (!item.is_string()) break;
            cx.step_bytes(container.text().size());
            return container.text().find(item.text()) != std::string_view::npos;
        case Kind::kDict:
            if (!is_key(item)) break;
            return container.dict().find(item) != nullptr;
        case Kind::kList:
        case Kind::kTuple:
            for (const Value& v : container.seq().items) {
                if (equals(cx, v, item)) return true;
            }
            return false;
        default:
            break;
    }
    cx.type_error(std::string("'in' does not work on '") + type_name(container) + "' with '" +
                  type_name(item) + "'");
    return false;
}

bool compare(Context& cx, CompareOp op, const Value& a, const Value& b) {
    switch (op) {
        case CompareOp::kEq:
            return equals(cx, a, b);
        case CompareOp::kNe:
            return !equals(cx, a, b);
        case CompareOp::kIn:
            return contains(cx, b, a);
        case CompareOp::kNotIn:
            return !contains(cx, b, a);
        case CompareOp::kLt:
            return order(cx, a, b) < 0;
        case CompareOp::kLe:
            return order(cx, a, b) <= 0;
        case CompareOp::kGt:
            return order(cx, a, b) > 0;
        case CompareOp::kGe:
            return order(cx, a, b) >= 0;
    }
    return false;
}

}  // namespace alv::text::jinja
