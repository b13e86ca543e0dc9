// Filters on sequences and dicts.
#include <algorithm>
#include <numeric>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

bool flag(V v) {
    return !v.absent() && truthy(v);
}

Value first(C cx, V v, A) {
    const Value items = iterate(cx, v);
    if (cx.failed() || items.seq().items.empty()) return Value::undefined();
    return items.seq().items.front();
}

Value last(C cx, V v, A) {
    const Value items = iterate(cx, v);
    if (cx.failed() || items.seq().items.empty()) return Value::undefined();
    return items.seq().items.back();
}

Value list(C cx, V v, A) {
    const Value items = iterate(cx, v);
    return cx.failed() ? Value() : cx.list(items.seq().items);
}

Value reverse(C cx, V v, A) {
    const Value items = iterate(cx, v);
    if (cx.failed()) return {};
    if (!v.is_string()) {
        return cx.list({items.seq().items.rbegin(), items.seq().items.rend()});
    }
    Builder out(cx);
    for (size_t i = items.seq().items.size(); i-- > 0;) out.append(items.seq().items[i].str());
    return out.finish();
}

Value items_filter(C cx, V v, A) {
    if (v.is_undefined()) return cx.list({});
    if (!v.is(Kind::kDict)) return cx.type_error("can only get item pairs from a mapping");
    std::vector<Value> out;
    for (const auto& [key, value] : v.dict().entries) {
        out.push_back(cx.tuple({key, value}));
        if (cx.failed()) return {};
    }
    return cx.list(std::move(out));
}

Value join_filter(C cx, V v, A a) {
    const Value separator = a[0].absent() ? cx.string("", true) : to_text(cx, a[0]);
    const Value items = iterate(cx, v);
    if (cx.failed()) return {};
    if (a[1].absent()) return join(cx, separator, items);
    std::vector<Value> parts;
    for (const Value& item : items.seq().items) {
        parts.push_back(attribute_path(cx, item, a[1]));
        if (cx.failed()) return {};
    }
    return join(cx, separator, cx.list(std::move(parts)));
}

// What sort, unique, min and max look at: an attribute, strings without their case.
Value sort_key(C cx, V item, V attribute, bool case_sensitive) {
    Value key = item;
    if (!attribute.absent() && !attribute.is(Kind::kNone)) {
        if (attribute.is_string() && attribute.text().find(',') != std::string_view::npos) {
            return cx.not_supported("sorting by several attributes");
        }
        key = attribute_path(cx, item, attribute);
    }
    return key.is_string() && !case_sensitive ? change_case(cx, key, false) : key;
}

bool sort_keys(C cx, const std::vector<Value>& items, V attribute, bool case_sensitive,
               std::vector<Value>& keys) {
    for (const Value& item : items) {
        keys.push_back(sort_key(cx, item, attribute, case_sensitive));
        if (cx.failed()) return false;
    }
    return true;
}

Value sorted(C cx, const std::vector<Value>& items, const std::vector<Value>& keys, bool reverse) {
    std::vector<uint32_t> index(items.size());
    std::iota(index.begin(), index.end(), 0u);
    // After a failure order() says "equal" for good, so that the sort ends.
    std::stable_sort(index.begin(), index.end(), [&](uint32_t a, uint32_t b) {
        return reverse ? order(cx, keys[b], keys[a]) < 0 : order(cx, keys[a], keys[b]) < 0;
    });
    if (cx.failed()) return {};
    std::vector<Value> out;
    out.reserve(index.size());
    for (const uint32_t i : index) out.push_back(items[i]);
    return cx.list(std::move(out));
}

Value sort(C cx, V v, A a) {
    const Value items = iterate(cx, v);
    std::vector<Value> keys;
    if (cx.failed() || !sort_keys(cx, items.seq().items, a[2], flag(a[1]), keys)) return {};
    return sorted(cx, items.seq().items, keys, flag(a[0]));
}

Value dictsort(C cx, V v, A a) {
    if (v.is_undefined()) return undefined_error(cx, v);
    if (!v.is(Kind::kDict)) return cx.type_error("dictsort needs a dict");
    const bool by_value = a[1].is_string() && a[1].text() == "value";
    const Value pairs = items_filter(cx, v, {});
    if (cx.failed()) return {};
    std::vector<Value> keys;
    const Value position = Value::integer(by_value ? 1 : 0, true);
    if (!sort_keys(cx, pairs.seq().items, position, flag(a[0]), keys)) return {};
    return sorted(cx, pairs.seq().items, keys, flag(a[2]));
}

Value unique(C cx, V v, A a) {
    const Value items = iterate(cx, v);
    std::vector<Value> keys;
    if (cx.failed() || !sort_keys(cx, items.seq().items, a[1], flag(a[0]), keys)) return {};
    std::vector<Value> out;
    std::vector<const Value*> seen;
    for (size_t i = 0; i < keys.size(); ++i) {
        const auto same = [&](const Value* k) { return equals(cx, *k, keys[i]); };
        if (std::any_of(seen.begin(), seen.end(), same)) continue;
        if (cx.failed()) return {};
        seen.push_back(&keys[i]);
        out.push_back(items.seq().items[i]);
    }
    return cx.list(std::move(out));
}

Value extreme(C cx, V v, A a, int sign) {
    const Value items = iterate(cx, v);
    std::vector<Value> keys;
    if (cx.failed() || !sort_keys(cx, items.seq().items, a[1], flag(a[0]), keys)) return {};
    if (keys.empty()) return Value::undefined();
    size_t best = 0;
    for (size_t i = 1; i < keys.size() && !cx.failed(); ++i) {
        if (order(cx, keys[i], keys[best]) * sign > 0) best = i;
    }
    return items.seq().items[best];
}

Value sum(C cx, V v, A a) {
    const Value items = iterate(cx, v);
    if (cx.failed()) return {};
    Value total = a[1].absent() ? Value::integer(0, true) : a[1];
    for (const Value& item : items.seq().items) {
        const bool whole = a[0].absent() || a[0].is(Kind::kNone);
        total = binary(cx, Tok::kPlus, total, whole ? item : attribute_path(cx, item, a[0]));
        if (cx.failed()) return {};
    }
    return total;
}

Value batch(C cx, V v, A a) {
    const Value items = iterate(cx, v);
    const int64_t size = integer_argument(cx, a[0], 1, "linecount");
    if (cx.failed()) return {};
    if (size < 1) return cx.type_error("linecount must be positive");
    std::vector<Value> out;
    std::vector<Value> row;
    for (const Value& item : items.seq().items) {
        if (static_cast<int64_t>(row.size()) == size) {
            out.push_back(cx.list(std::exchange(row, {})));
        }
        row.push_back(item);
    }
    if (!row.empty()) {
        while (!a[1].absent() && !a[1].is(Kind::kNone) && static_cast<int64_t>(row.size()) < size &&
               cx.step()) {
            row.push_back(a[1]);
        }
        out.push_back(cx.list(std::move(row)));
    }
    return cx.failed() ? Value() : cx.list(std::move(out));
}

const FilterInfo kFilters[] = {
    {"first", first},
    {"last", last},
    {"list", list},
    {"reverse", reverse},
    {"items", items_filter},
    {"join", join_filter, "d attribute"},
    {"sort", sort, "reverse case_sensitive attribute"},
    {"dictsort", dictsort, "case_sensitive by reverse"},
    {"unique", unique, "case_sensitive attribute"},
    {"min", [](C cx, V v, A a) { return extreme(cx, v, a, -1); }, "case_sensitive attribute"},
    {"max", [](C cx, V v, A a) { return extreme(cx, v, a, 1); }, "case_sensitive attribute"},
    {"sum", sum, "attribute start"},
    {"batch", batch, "linecount fill_with", 1},
};

}  // namespace

std::span<const FilterInfo> sequence_filters() {
    return kFilters;
}

Value join(Context& cx, const Value& separator, const Value& values) {
    const Value items = iterate(cx, values);
    if (cx.failed()) return {};
    Builder out(cx);
    bool start = true;
    for (const Value& item : items.seq().items) {
        if (!start) out.append(separator.str());
        write_text(cx, out, item);
        if (cx.failed()) return {};
        start = false;
    }
    return out.finish();
}

}  // namespace alv::text::jinja
