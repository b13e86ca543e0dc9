#include "text/jinja_value.h"

#include <algorithm>
#include <numeric>

#include "text/jinja_context.h"

namespace alv::text::jinja {

Value Value::undefined(const Value& name) {
    Value v(Kind::kUndefined);
    if (name.is_string()) {
        v.u_.object = name.u_.object;
        v.retain();
    }
    return v;
}

Value Value::boolean(bool b) {
    Value v(Kind::kBool);
    v.u_.boolean = b;
    return v;
}

Value Value::integer(int64_t i, bool trusted) {
    Value v(Kind::kInt);
    v.u_.integer = i;
    v.trusted_ = trusted;
    return v;
}

Value Value::number(double d, bool trusted) {
    Value v(Kind::kFloat);
    v.u_.number = d;
    v.trusted_ = trusted;
    return v;
}

Value Value::function(const FunctionInfo* f) {
    Value v(Kind::kFunction);
    v.u_.function = f;
    return v;
}

Value Value::name_space(Namespace* n) {
    Value v(Kind::kNamespace);
    v.u_.space = n;
    return v;
}

Value Value::object(Object* o) {
    Value v;
    if (o == nullptr) return v;
    v.kind_ = o->kind;
    v.u_.object = o;
    v.retain();
    return v;
}

const String& Value::str() const {
    return static_cast<const String&>(*u_.object);
}
std::string_view Value::text() const {
    return str().text;
}
Sequence& Value::seq() const {
    return static_cast<Sequence&>(*u_.object);
}
Dict& Value::dict() const {
    return static_cast<Dict&>(*u_.object);
}
Macro& Value::macro() const {
    return static_cast<Macro&>(*u_.object);
}
Loop& Value::loop() const {
    return static_cast<Loop&>(*u_.object);
}
Method& Value::method() const {
    return static_cast<Method&>(*u_.object);
}

std::string Value::undefined_name() const {
    if (kind_ != Kind::kUndefined || u_.object == nullptr) return {};
    return static_cast<const String&>(*u_.object).text.substr(0, 80);
}

// Recursion is bounded: Context refuses values nested deeper than 64.
void destroy(Object* object) {
    if (object->owner != nullptr) object->owner->unbook(object->charged);
    switch (object->kind) {
        case Kind::kString:
            delete static_cast<String*>(object);
            break;
        case Kind::kList:
        case Kind::kTuple:
            delete static_cast<Sequence*>(object);
            break;
        case Kind::kDict:
            delete static_cast<Dict*>(object);
            break;
        case Kind::kMacro:
            delete static_cast<Macro*>(object);
            break;
        case Kind::kLoop:
            delete static_cast<Loop*>(object);
            break;
        case Kind::kMethod:
            delete static_cast<Method*>(object);
            break;
        default:
            break;  // the other kinds own no object
    }
}

bool is_key(const Value& v) {
    return v.is_number() || v.is_string() || v.is(Kind::kNone);
}

int compare_keys(const Value& a, const Value& b) {
    const auto rank = [](const Value& v) { return v.is_number() ? 0 : v.is_string() ? 1 : 2; };
    if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
    if (a.is_string()) {
        const int c = a.text().compare(b.text());
        return c < 0 ? -1 : (c > 0 ? 1 : 0);
    }
    if (!a.is_number()) return 0;
    if (a.is_int() && b.is_int()) {
        return a.as_int() < b.as_int() ? -1 : (a.as_int() > b.as_int() ? 1 : 0);
    }
    return a.as_double() < b.as_double() ? -1 : (a.as_double() > b.as_double() ? 1 : 0);
}

const Value* Dict::find(const Value& key) const {
    if (order.empty()) {
        for (const auto& [k, v] : entries) {
            if (compare_keys(k, key) == 0) return &v;
        }
        return nullptr;
    }
    const auto it = std::lower_bound(
        order.begin(), order.end(), key,
        [this](uint32_t i, const Value& k) { return compare_keys(entries[i].first, k) < 0; });
    if (it == order.end() || compare_keys(entries[*it].first, key) != 0) return nullptr;
    return &entries[*it].second;
}

const Value* Dict::find(std::string_view key) const {
    if (order.empty()) {
        for (const auto& [k, v] : entries) {
            if (k.is_string() && k.text() == key) return &v;
        }
        return nullptr;
    }
    // Numbers sort before strings and none after them.
    const auto before = [this, key](uint32_t i, int) {
        const Value& k = entries[i].first;
        return k.is_number() || (k.is_string() && k.text() < key);
    };
    const auto it = std::lower_bound(order.begin(), order.end(), 0, before);
    if (it == order.end()) return nullptr;
    const auto& [k, v] = entries[*it];
    return k.is_string() && k.text() == key ? &v : nullptr;
}

Value* Namespace::find(std::string_view name) {
    for (auto& [k, v] : members) {
        if (k.text() == name) return &v;
    }
    return nullptr;
}

const char* type_name(const Value& v) {
    switch (v.kind()) {
        case Kind::kAbsent:
        case Kind::kUndefined:
            return "Undefined";
        case Kind::kNone:
            return "NoneType";
        case Kind::kBool:
            return "bool";
        case Kind::kInt:
            return "int";
        case Kind::kFloat:
            return "float";
        case Kind::kFunction:
            return "function";
        case Kind::kNamespace:
            return "Namespace";
        case Kind::kString:
            return "str";
        case Kind::kList:
            return "list";
        case Kind::kTuple:
            return "tuple";
        case Kind::kDict:
            return "dict";
        case Kind::kMacro:
            return "Macro";
        case Kind::kLoop:
            return "LoopContext";
        case Kind::kMethod:
            return "method";
    }
    return "object";
}

bool truthy(const Value& v) {
    switch (v.kind()) {
        case Kind::kAbsent:
        case Kind::kUndefined:
        case Kind::kNone:
            return false;
        case Kind::kBool:
            return v.as_bool();
        case Kind::kInt:
            return v.as_int() != 0;
        case Kind::kFloat:
            return v.as_double() != 0.0;
        case Kind::kString:
            return !v.text().empty();
        case Kind::kList:
        case Kind::kTuple:
            return !v.seq().items.empty();
        case Kind::kDict:
            return !v.dict().entries.empty();
        default:
            return true;
    }
}

}  // namespace alv::text::jinja
