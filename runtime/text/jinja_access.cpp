// Attributes, items, slices and iteration.
#include <algorithm>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

// Python's rule for a slice bound: negative counts from the end, then clamped to [low, high].
int64_t clamp_bound(int64_t i, int64_t size, int64_t low, int64_t high) {
    if (i < 0) i += size;
    return std::clamp(i, low, high);
}

Value sequence_item(const Value& v, int64_t index) {
    const auto& items = v.seq().items;
    const auto size = static_cast<int64_t>(items.size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return Value::undefined();
    return items[static_cast<size_t>(index)];
}

Value string_item(Context& cx, const Value& v, int64_t index) {
    const std::string_view text = v.text();
    if (!cx.step_bytes(text.size())) return {};
    if (index < 0) index += static_cast<int64_t>(count_code_points(text));
    if (index < 0) return Value::undefined();
    const size_t begin = byte_offset(text, static_cast<size_t>(index));
    if (begin >= text.size()) return Value::undefined();
    return substring(cx, v, begin, begin + decode_at(text, begin).size);
}

// The byte offset of every code point, and the end.
std::vector<size_t> offsets_of(std::string_view text) {
    std::vector<size_t> offsets;
    for (size_t i = 0; i < text.size(); i += decode_at(text, i).size) offsets.push_back(i);
    offsets.push_back(text.size());
    return offsets;
}

}  // namespace

Value get_attribute(Context& cx, const Value& object, const Value& name) {
    if (object.is_undefined()) return undefined_error(cx, object);
    if (const MethodInfo* method = find_method(object.kind(), name.text())) {
        return cx.method(object, method);
    }
    switch (object.kind()) {
        case Kind::kDict: {
            const Value* v = object.dict().find(name.text());
            return v != nullptr ? *v : Value::undefined(name);
        }
        case Kind::kNamespace: {
            if (!cx.step(object.ns().members.size() / 16)) return {};
            const Value* v = object.ns().find(name.text());
            return v != nullptr ? *v : Value::undefined(name);
        }
        case Kind::kLoop:
            return loop_attribute(cx, object, name.text());
        default:
            return Value::undefined(name);
    }
}

Value get_item(Context& cx, const Value& object, const Value& key) {
    if (object.is_undefined()) return undefined_error(cx, object);
    if (object.is(Kind::kDict) && is_key(key)) {
        if (const Value* v = object.dict().find(key)) return *v;
    }
    if (key.is_int()) {
        if (object.is_sequence()) return sequence_item(object, key.as_int());
        if (object.is_string()) return string_item(cx, object, key.as_int());
    }
    // As in Jinja, a string that is no key names an attribute.
    if (key.is_string()) {
        if (!object.is(Kind::kDict)) return get_attribute(cx, object, key);
        const MethodInfo* method = find_method(Kind::kDict, key.text());
        return method != nullptr ? cx.method(object, method) : Value::undefined(key);
    }
    return Value::undefined();
}

Value slice(Context& cx, const Value& v, const Value& start, const Value& stop, const Value& step) {
    if (v.is_undefined()) return undefined_error(cx, v);
    if (!v.is_string() && !v.is_sequence()) return Value::undefined();
    for (const Value* part : {&start, &stop, &step}) {
        if (!part->is_int() && !part->is(Kind::kNone)) {
            return part->is_undefined() ? undefined_error(cx, *part)
                                        : cx.type_error("slice indices must be integers");
        }
    }
    const int64_t by = step.is_int() ? step.as_int() : 1;
    if (by == 0) return cx.type_error("slice step cannot be zero");
    std::vector<size_t> offsets;
    int64_t size = 0;
    if (v.is_string()) {
        if (!cx.step(v.text().size() / 16)) return {};
        offsets = offsets_of(v.text());
        size = static_cast<int64_t>(offsets.size()) - 1;
    } else {
        size = static_cast<int64_t>(v.seq().items.size());
    }
    const int64_t low = by > 0 ? 0 : -1;
    const int64_t high = by > 0 ? size : size - 1;
    const int64_t from =
        start.is_int() ? clamp_bound(start.as_int(), size, low, high) : (by > 0 ? low : high);
    const int64_t to =
        stop.is_int() ? clamp_bound(stop.as_int(), size, low, high) : (by > 0 ? high : low);
    const auto byte = [&](int64_t i) { return offsets[static_cast<size_t>(i)]; };
    if (v.is_string() && by == 1) {
        return from < to ? substring(cx, v, byte(from), byte(to)) : cx.string("", true);
    }
    Builder text(cx);
    std::vector<Value> items;
    for (int64_t i = from; by > 0 ? i < to : i > to;) {
        if (!cx.step()) return {};
        if (v.is_string()) {
            text.append(v.str(), byte(i), byte(i + 1));
        } else {
            items.push_back(v.seq().items[static_cast<size_t>(i)]);
        }
        if (__builtin_add_overflow(i, by, &i)) break;
    }
    return v.is_string() ? text.finish() : cx.list(std::move(items), v.kind());
}

Value loop_attribute(Context& cx, const Value& value, std::string_view name) {
    const Loop& loop = value.loop();
    const auto& items = loop.items.seq().items;
    const uint64_t i = loop.index0;
    const uint64_t n = items.size();
    const auto integer = [](uint64_t x) { return Value::integer(static_cast<int64_t>(x), true); };
    if (name == "index") return integer(i + 1);
    if (name == "index0") return integer(i);
    if (name == "first") return Value::boolean(i == 0);
    if (name == "last") return Value::boolean(i + 1 >= n);
    if (name == "length") return integer(n);
    if (name == "revindex") return integer(n - i);
    if (name == "revindex0") return integer(n - i - 1);
    if (name == "depth") return integer(1);
    if (name == "depth0") return integer(0);
    if (name == "previtem") return i > 0 ? items[i - 1] : Value::undefined();
    if (name == "nextitem") return i + 1 < n ? items[i + 1] : Value::undefined();
    return cx.not_supported("loop." + std::string(name.substr(0, 40)) + " is not supported");
}

Value iterate(Context& cx, const Value& v) {
    switch (v.kind()) {
        case Kind::kList:
        case Kind::kTuple:
            return v;
        case Kind::kAbsent:
        case Kind::kUndefined:
            return cx.list({});
        case Kind::kDict: {
            std::vector<Value> keys;
            if (!cx.step(v.dict().entries.size())) return {};
            for (const auto& entry : v.dict().entries) keys.push_back(entry.first);
            return cx.list(std::move(keys));
        }
        case Kind::kString: {
            std::vector<Value> characters;
            const std::string_view text = v.text();
            for (size_t i = 0; i < text.size() && !cx.failed();) {
                const uint32_t size = decode_at(text, i).size;
                cx.step();
                characters.push_back(substring(cx, v, i, i + size));
                i += size;
            }
            return cx.failed() ? Value() : cx.list(std::move(characters));
        }
        default:
            return cx.type_error(std::string("'") + type_name(v) + "' object is not iterable");
    }
}

}  // namespace alv::text::jinja
