#include "text/jinja_builtins.h"

#include <array>

#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

constexpr size_t kMaxParams = 8;

// Puts each argument of a call in its parameter's place.
class Binding {
  public:
    Binding(Context& cx, std::string_view callee, const char* params, uint32_t required,
            const Arguments& in) {
        size_t n = 0;
        std::array<std::string_view, kMaxParams> names;
        for (std::string_view rest = params; !rest.empty() && n < kMaxParams; ++n) {
            const size_t blank = rest.find(' ');
            names[n] = rest.substr(0, blank);
            rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
        }
        if (in.positional.size() > n) {
            cx.type_error(std::string(callee) + "() takes at most " + std::to_string(n) +
                          " arguments");
            return;
        }
        for (size_t i = 0; i < in.positional.size(); ++i) slots_[i] = in.positional[i];
        for (const auto& [name, value] : in.keywords) {
            size_t i = 0;
            while (i < n && names[i] != name.text()) ++i;
            if (i == n || !slots_[i].absent()) {
                cx.type_error(std::string(callee) + "() has no use for the argument '" +
                              std::string(name.text().substr(0, 40)) + "'");
                return;
            }
            slots_[i] = value;
        }
        for (size_t i = 0; i < required; ++i) {
            if (slots_[i].absent()) {
                cx.type_error(std::string(callee) + "() misses the argument '" +
                              std::string(names[i]) + "'");
                return;
            }
        }
        n_ = n;
    }
    Arguments arguments() const { return {std::span<const Value>(slots_.data(), n_)}; }

  private:
    std::array<Value, kMaxParams> slots_;
    size_t n_ = 0;
};

template <typename Info>
Value call(Context& cx, const Info& info, const Value& self, const Arguments& arguments) {
    if (!cx.step()) return {};
    if (info.params == nullptr) return info.call(cx, self, arguments);
    const Binding bound(cx, info.name, info.params, info.required, arguments);
    return cx.failed() ? Value() : info.call(cx, self, bound.arguments());
}

}  // namespace

const FilterInfo* find_filter(std::string_view name) {
    for (const auto table : {text_filters(), sequence_filters(), selection_filters()}) {
        for (const FilterInfo& f : table) {
            if (f.name == name) return &f;
        }
    }
    return nullptr;
}

const MethodInfo* find_method(Kind kind, std::string_view name) {
    for (const MethodInfo& m : kind == Kind::kString ? string_methods() : container_methods()) {
        if (m.kind == kind && m.name == name) return &m;
    }
    return nullptr;
}

Value call_filter(Context& cx, const FilterInfo& f, const Value& self, const Arguments& arguments) {
    return call(cx, f, self, arguments);
}

Value call_method(Context& cx, const Method& m, const Arguments& arguments) {
    Value out = call(cx, *m.info, m.receiver, arguments);
    const bool markup = m.receiver.is_string() && m.receiver.str().markup && out.is_string();
    return markup ? mark_safe(cx, out) : out;
}

Value call_function(Context& cx, const FunctionInfo& f, const Arguments& arguments) {
    return call(cx, f, Value(), arguments);
}

bool call_test(Context& cx, const TestInfo& t, const Value& self, const Arguments& arguments) {
    if (!cx.step()) return false;
    if (arguments.positional.size() != t.required || !arguments.keywords.empty()) {
        cx.type_error("the test '" + std::string(t.name) + "' takes " + std::to_string(t.required) +
                      " arguments");
        return false;
    }
    return t.call(cx, self, arguments);
}

int64_t integer_argument(Context& cx, const Value& v, int64_t fallback, const char* what) {
    if (v.absent()) return fallback;
    if (v.is_int()) return v.as_int();
    cx.type_error(std::string(what) + " must be an integer, not '" + type_name(v) + "'");
    return fallback;
}

Value attribute_path(Context& cx, const Value& v, const Value& path) {
    if (path.is_int()) return get_item(cx, v, path);
    if (!path.is_string()) return cx.type_error("an attribute must be a name or a number");
    Value at = v;
    for (std::string_view rest = path.text(); !cx.failed();) {
        const size_t dot = rest.find('.');
        const std::string_view part = rest.substr(0, dot);
        const bool number = !part.empty() && part.size() < 10 &&
                            part.find_first_not_of("0123456789") == std::string_view::npos;
        const Value key =
            number ? Value::integer(std::stoll(std::string(part)), true) : cx.string(part, true);
        at = get_item(cx, at, key);
        if (dot == std::string_view::npos) break;
        rest = rest.substr(dot + 1);
    }
    return at;
}

}  // namespace alv::text::jinja
