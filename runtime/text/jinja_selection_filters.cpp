// map, select, reject and their kin: filters that call another filter or a test by name.
#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

const Value* keyword(A a, std::string_view name) {
    for (const auto& [key, value] : a.keywords) {
        if (key.text() == name) return &value;
    }
    return nullptr;
}

Value map_attribute(C cx, const std::vector<Value>& items, A a) {
    const Value* path = keyword(a, "attribute");
    const Value* fallback = keyword(a, "default");
    if (path == nullptr || a.keywords.size() > (fallback != nullptr ? 2u : 1u)) {
        return cx.type_error("map() takes attribute= and default=");
    }
    std::vector<Value> out;
    for (const Value& item : items) {
        const Value v = attribute_path(cx, item, *path);
        if (cx.failed()) return {};
        out.push_back(v.is_undefined() && fallback != nullptr ? *fallback : v);
    }
    return cx.list(std::move(out));
}

// As in Jinja, whatever is false (none too) counts as empty here.
Value items_of(C cx, V v) {
    return truthy(v) ? iterate(cx, v) : cx.list({});
}

Value map(C cx, V v, A a) {
    const Value items = items_of(cx, v);
    if (cx.failed()) return {};
    if (a.positional.empty()) return map_attribute(cx, items.seq().items, a);
    if (!a[0].is_string()) return cx.type_error("map() needs the name of a filter");
    const FilterInfo* filter = find_filter(a[0].text());
    // A filter of this file would call the next one: nesting is for the template to write out.
    for (const FilterInfo& f : selection_filters()) {
        if (filter == &f) return cx.not_supported("map('" + std::string(f.name) + "')");
    }
    if (filter == nullptr) {
        return cx.not_supported("the filter '" + std::string(a[0].text().substr(0, 40)) + "'");
    }
    std::vector<Value> out;
    for (const Value& item : items.seq().items) {
        out.push_back(call_filter(cx, *filter, item, {a.positional.subspan(1), a.keywords}));
        if (cx.failed()) return {};
    }
    return cx.list(std::move(out));
}

// Keeps the items for which the test (or their truth) is `want`.
Value select_any(C cx, V v, A a, bool by_attribute, bool want) {
    const Value items = items_of(cx, v);
    if (cx.failed()) return {};
    const size_t skip = by_attribute ? 1 : 0;
    if (a.positional.size() < skip) return cx.type_error("misses the name of an attribute");
    const TestInfo* test = nullptr;
    if (a.positional.size() > skip) {
        if (!a[skip].is_string()) return cx.type_error("needs the name of a test");
        test = find_test(a[skip].text());
        if (test == nullptr) {
            return cx.not_supported("the test '" + std::string(a[skip].text().substr(0, 40)) + "'");
        }
    }
    std::vector<Value> out;
    for (const Value& item : items.seq().items) {
        const Value subject = by_attribute ? attribute_path(cx, item, a[0]) : item;
        if (!cx.step()) return {};
        const bool passes =
            test == nullptr
                ? truthy(subject)
                : call_test(cx, *test, subject, {a.positional.subspan(skip + 1), a.keywords});
        if (cx.failed()) return {};
        if (passes == want) out.push_back(item);
    }
    return cx.list(std::move(out));
}

const FilterInfo kFilters[] = {
    {"map", map, nullptr},
    {"select", [](C cx, V v, A a) { return select_any(cx, v, a, false, true); }, nullptr},
    {"reject", [](C cx, V v, A a) { return select_any(cx, v, a, false, false); }, nullptr},
    {"selectattr", [](C cx, V v, A a) { return select_any(cx, v, a, true, true); }, nullptr},
    {"rejectattr", [](C cx, V v, A a) { return select_any(cx, v, a, true, false); }, nullptr},
};

}  // namespace

std::span<const FilterInfo> selection_filters() {
    return kFilters;
}

}  // namespace alv::text::jinja
