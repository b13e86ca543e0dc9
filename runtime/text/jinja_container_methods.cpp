// Methods of dict, list, tuple and loop.
#include <algorithm>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

Value items(C cx, V v, A) {
    return call_filter(cx, *find_filter("items"), v, {});
}
Value keys(C cx, V v, A) {
    return iterate(cx, v);
}

Value values(C cx, V v, A) {
    std::vector<Value> out;
    for (const auto& entry : v.dict().entries) out.push_back(entry.second);
    return cx.list(std::move(out));
}

Value get(C cx, V v, A a) {
    if (!is_key(a[0])) {
        return a[0].is_undefined() ? Value::none() : cx.type_error("get() needs a key");
    }
    const Value* found = v.dict().find(a[0]);
    if (found != nullptr) return *found;
    return a[1].absent() ? Value::none() : a[1];
}

Value copy(C, V v, A) {
    return v;
}

Value index(C cx, V v, A a) {
    const auto& all = v.seq().items;
    for (size_t i = 0; i < all.size(); ++i) {
        if (equals(cx, all[i], a[0])) return Value::integer(static_cast<int64_t>(i), true);
    }
    return cx.type_error("index(): the value is not in the list");
}

Value count(C cx, V v, A a) {
    int64_t n = 0;
    for (const Value& item : v.seq().items) n += equals(cx, item, a[0]) ? 1 : 0;
    return Value::integer(n, true);
}

// Jinja's sandbox refuses every change to a list. Some templates (Kimi K2) queue ids in one all the
// same, so plain values may be appended: they cannot close a cycle or make the list deeper.
Value append(C cx, V v, A a) {
    if (a[0].kind() >= Kind::kList || a[0].is(Kind::kNamespace)) {
        return cx.not_supported(std::string("append of a ") + type_name(a[0]) + " to a list");
    }
    Sequence& list = v.seq();
    cx.book_raw(sizeof(Value));
    list.charged += sizeof(Value);
    if (cx.failed()) return {};
    list.items.push_back(a[0]);
    list.depth = std::max<uint8_t>(list.depth, 1);
    return Value::none();
}

Value pop(C cx, V v, A a) {
    Sequence& list = v.seq();
    const auto size = static_cast<int64_t>(list.items.size());
    int64_t i = integer_argument(cx, a[0], -1, "the index");
    if (i < 0) i += size;
    if (i < 0 || i >= size) return cx.type_error("pop(): index out of range");
    if (!cx.step(list.items.size() / 16)) return {};
    Value out = list.items[static_cast<size_t>(i)];
    list.items.erase(list.items.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
}

Value refuse(C cx, V v, A) {
    return cx.not_supported(std::string("changing a ") + type_name(v) + " in place");
}

Value cycle(C cx, V v, A a) {
    if (a.positional.empty()) return cx.type_error("no items for cycling given");
    return a[v.loop().index0 % a.positional.size()];
}

Value changed(C cx, V v, A a) {
    const Value now = cx.tuple({a.positional.begin(), a.positional.end()});
    if (cx.failed()) return {};
    Loop& loop = v.loop();
    const bool differs = loop.last_changed.absent() || !equals(cx, loop.last_changed, now);
    if (differs) loop.last_changed = now;
    return Value::boolean(differs);
}

constexpr Kind kD = Kind::kDict;
constexpr Kind kL = Kind::kList;
constexpr Kind kT = Kind::kTuple;

const MethodInfo kMethods[] = {
    {kD, "items", items},
    {kD, "keys", keys},
    {kD, "values", values},
    {kD, "get", get, "key default", 1},
    {kD, "copy", copy},
    {kD, "update", refuse, nullptr},
    {kD, "pop", refuse, nullptr},
    {kD, "popitem", refuse, nullptr},
    {kD, "setdefault", refuse, nullptr},
    {kD, "clear", refuse, nullptr},
    {kL, "index", index, "value", 1},
    {kL, "count", count, "value", 1},
    {kL, "append", append, "value", 1},
    {kL, "pop", pop, "index"},
    {kL, "copy", [](C cx, V v, A) { return cx.list(v.seq().items); }},
    {kL, "extend", refuse, nullptr},
    {kL, "insert", refuse, nullptr},
    {kL, "remove", refuse, nullptr},
    {kL, "reverse", refuse, nullptr},
    {kL, "sort", refuse, nullptr},
    {kL, "clear", refuse, nullptr},
    {kT, "index", index, "value", 1},
    {kT, "count", count, "value", 1},
    {Kind::kLoop, "cycle", cycle, nullptr},
    {Kind::kLoop, "changed", changed, nullptr},
};

}  // namespace

std::span<const MethodInfo> container_methods() {
    return kMethods;
}

}  // namespace alv::text::jinja
