// Filters on one value: text, numbers, JSON, defaults.
#include <charconv>
#include <cmath>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

using A = const Arguments&;
using V = const Value&;
using C = Context&;

Value tojson(C cx, V v, A a) {
    JsonStyle style;
    style.ascii = !a[0].absent() && truthy(a[0]);
    style.sort_keys = !a[3].absent() && truthy(a[3]);
    if (!a[1].absent() && !a[1].is(Kind::kNone)) {
        style.indent = integer_argument(cx, a[1], 0, "indent");
        if (style.indent < 0 || style.indent > 64) {
            return cx.not_supported("tojson with an indent outside of 0..64");
        }
        style.item_separator.assign(1, ',');
    }
    if (!a[2].absent() && !a[2].is(Kind::kNone)) {
        const bool pair = a[2].is_sequence() && a[2].seq().items.size() == 2;
        if (!pair || !a[2].seq().items[0].is_string() || !a[2].seq().items[1].is_string()) {
            return cx.type_error("tojson: separators must be two strings");
        }
        style.item_separator = a[2].seq().items[0].text();
        style.key_separator = a[2].seq().items[1].text();
    }
    return cx.failed() ? Value() : to_json(cx, v, style);
}

Value trim(C cx, V v, A a) {
    const Value s = to_text(cx, v);
    return cx.failed() ? Value() : strip(cx, s, a[0], true, true);
}

Value replace_filter(C cx, V v, A a) {
    const Value s = to_text(cx, v);
    const Value from = to_text(cx, a[0]);
    const Value to = to_text(cx, a[1]);
    const bool all = a[2].absent() || a[2].is(Kind::kNone);
    const int64_t count = all ? -1 : integer_argument(cx, a[2], -1, "count");
    return cx.failed() ? Value() : replace(cx, s, from, to, count);
}

template <Value (*Map)(Context&, const Value&)>
Value mapped(C cx, V v, A) {
    const Value s = to_text(cx, v);
    return cx.failed() ? Value() : Map(cx, s);
}

Value upper(C cx, V s) {
    return change_case(cx, s, true);
}
Value lower(C cx, V s) {
    return change_case(cx, s, false);
}

// Jinja's own idea of a title: words begin behind a blank or one of -({[<
Value title(C cx, V s) {
    Builder out(cx);
    bool inside = false;
    const std::string_view text = s.text();
    for (size_t i = 0; i < text.size() && cx.step();) {
        const CodePoint c = decode_at(text, i);
        std::string mapped;
        append_utf8(mapped, inside ? to_lower(c.value) : to_upper(c.value));
        out.append(mapped, trusted_at(s.str(), i));
        inside = !is_space(c.value) &&
                 (c.value > 0x7F || std::string_view("-({[<").find(static_cast<char>(c.value)) ==
                                        std::string_view::npos);
        i += c.size;
    }
    return out.finish();
}

Value indent(C cx, V v, A a) {
    Builder with_newline(cx);
    write_text(cx, with_newline, v);
    with_newline.append("\n", true);
    const Value text = with_newline.finish();
    Value pad = a[0];
    if (!pad.is_string()) {
        const int64_t width = integer_argument(cx, a[0], 4, "width");
        if (width > 4096) return cx.fail(Code::kLimitExceeded, "indent is wider than 4096");
        pad = cx.string(std::string(width > 0 ? static_cast<size_t>(width) : 0, ' '), true);
    }
    if (cx.failed()) return {};
    const bool first = !a[1].absent() && truthy(a[1]);
    const bool blank = !a[2].absent() && truthy(a[2]);
    const Value keep{};
    const Value lines = find_method(Kind::kString, "splitlines")->call(cx, text, {{&keep, 1}});
    if (cx.failed()) return {};
    Builder out(cx);
    bool start = true;
    for (const Value& line : lines.seq().items) {
        if (!start) out.append("\n", true);
        if (start ? first : (blank || !line.text().empty())) out.append(pad.str());
        out.append(line.str());
        start = false;
    }
    return out.finish();
}

Value length(C cx, V v, A) {
    size_t n = 0;
    switch (v.kind()) {
        case Kind::kAbsent:
        case Kind::kUndefined:
            break;
        case Kind::kString:
            cx.step_bytes(v.text().size());
            n = count_code_points(v.text());
            break;
        case Kind::kList:
        case Kind::kTuple:
            n = v.seq().items.size();
            break;
        case Kind::kDict:
            n = v.dict().entries.size();
            break;
        case Kind::kLoop:
            n = v.loop().items.seq().items.size();
            break;
        default:
            return cx.type_error(std::string("object of type '") + type_name(v) + "' has no len()");
    }
    return Value::integer(static_cast<int64_t>(n), false);
}

Value default_filter(C cx, V v, A a) {
    const bool use = v.is_undefined() || (!a[1].absent() && truthy(a[1]) && !truthy(v));
    if (!use) return v;
    return a[0].absent() ? cx.string("", true) : a[0];
}

// The number that the whole text is, blanks around it aside.
template <typename T, typename... Base>
bool parse_number(C cx, V v, T& out, Base... base) {
    const Value s = strip(cx, v, Value(), true, true);
    if (cx.failed()) return false;
    std::string digits;
    for (const char c : s.text().substr(0, 400)) {
        if (c != '_') digits += c;
    }
    const char* first = digits.data();
    const char* last = first + digits.size();
    if (first != last && *first == '+') ++first;
    const auto r = std::from_chars(first, last, out, base...);
    return r.ec == std::errc() && r.ptr == last;
}

bool text_is_trusted(V v) {
    return v.is_string() ? v.str().all_trusted() : v.trusted();
}

Value int_filter(C cx, V v, A a) {
    const int64_t base = integer_argument(cx, a[1], 10, "base");
    if (base < 2 || base > 36) return cx.not_supported("int with a base outside of 2..36");
    Value fallback = a[0].absent() ? Value::integer(0, true) : a[0];
    if (v.is_int()) return Value::integer(v.as_int(), v.trusted());
    double d = 0;
    if (v.is_string()) {
        int64_t i = 0;
        if (parse_number(cx, v, i, static_cast<int>(base))) {
            return Value::integer(i, text_is_trusted(v));
        }
        if (cx.failed() || !parse_number(cx, v, d)) return fallback;
    } else if (v.is(Kind::kFloat)) {
        d = v.as_double();
    } else {
        return fallback;
    }
    if (!(std::fabs(d) < 9e18)) return fallback;
    return Value::integer(static_cast<int64_t>(d), text_is_trusted(v));
}

Value float_filter(C cx, V v, A a) {
    if (v.is_number()) return Value::number(v.as_double(), v.trusted());
    double d = 0;
    if (v.is_string() && parse_number(cx, v, d)) return Value::number(d, text_is_trusted(v));
    return a[0].absent() ? Value::number(0, true) : a[0];
}

Value abs_filter(C cx, V v, A) {
    if (v.is_number() && v.as_double() < 0) return negate(cx, v);
    return v.is_number() ? v : cx.type_error("abs needs a number");
}

Value round_filter(C cx, V v, A a) {
    const int64_t precision = integer_argument(cx, a[0], 0, "precision");
    if (!v.is_number()) return cx.type_error("round needs a number");
    if (precision < -15 || precision > 15) return cx.not_supported("round beyond 15 digits");
    const std::string method = a[1].is_string() ? std::string(a[1].text()) : "common";
    if (method == "common" && v.is_int() && precision >= 0) return v;
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double x = v.as_double() * scale;
    if (method == "common") return Value::number(std::nearbyint(x) / scale, v.trusted());
    if (method == "ceil") return Value::number(std::ceil(x) / scale, v.trusted());
    if (method == "floor") return Value::number(std::floor(x) / scale, v.trusted());
    return cx.type_error("method must be common, ceil or floor");
}

Value wordcount(C cx, V v, A) {
    const Value s = to_text(cx, v);
    if (cx.failed()) return {};
    const Value none[2] = {};
    const Value words = find_method(Kind::kString, "split")->call(cx, s, {none});
    if (cx.failed()) return {};
    return Value::integer(static_cast<int64_t>(words.seq().items.size()), false);
}

Value format_filter(C cx, V v, A a) {
    if (!v.is_string()) return cx.type_error("format needs a string");
    if (!a.keywords.empty()) return cx.not_supported("format with keyword arguments");
    const Value values = cx.tuple({a.positional.begin(), a.positional.end()});
    return cx.failed() ? Value() : format_percent(cx, v, values);
}

Value parse_json(C cx, V v, A) {
    if (!v.is_string()) return cx.type_error("from_json needs a string");
    return from_json(cx, v.text(), "from_json: the text");
}

const FilterInfo kFilters[] = {
    {"tojson", tojson, "ensure_ascii indent separators sort_keys"},
    {"from_json", parse_json},
    {"trim", trim, "chars"},
    {"upper", mapped<upper>},
    {"lower", mapped<lower>},
    {"capitalize", mapped<capitalize>},
    {"title", mapped<title>},
    {"escape", mapped<escape>},
    {"e", mapped<escape>},
    {"replace", replace_filter, "old new count", 2},
    {"indent", indent, "width first blank"},
    {"string", [](C cx, V v, A) { return to_text(cx, v); }},
    {"safe", mapped<mark_safe>},
    {"length", length},
    {"count", length},
    {"default", default_filter, "default_value boolean"},
    {"d", default_filter, "default_value boolean"},
    {"int", int_filter, "default base"},
    {"float", float_filter, "default"},
    {"abs", abs_filter},
    {"round", round_filter, "precision method"},
    {"wordcount", wordcount},
    {"format", format_filter, nullptr},
};

}  // namespace

std::span<const FilterInfo> text_filters() {
    return kFilters;
}

Value escape(Context& cx, const Value& v) {
    static constexpr std::pair<char, std::string_view> kEntities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&#34;"}, {'\'', "&#39;"}};
    if (!v.is_string() || v.str().markup) return v;
    Builder out(cx);
    const std::string_view text = v.text();
    size_t clean = 0;
    for (size_t i = 0; i < text.size() && !cx.failed(); ++i) {
        for (const auto& [c, entity] : kEntities) {
            if (text[i] != c) continue;
            out.append(v.str(), clean, i);
            out.append(entity, trusted_at(v.str(), i));
            clean = i + 1;
            cx.step();
        }
    }
    out.append(v.str(), clean, text.size());
    return mark_safe(cx, out.finish());
}

Value mark_safe(Context& cx, const Value& s) {
    if (!s.is_string() || s.str().markup) return s;
    Builder out(cx);
    out.append(s.str());
    const Value copy = out.finish();
    if (!cx.failed()) static_cast<String*>(copy.raw())->markup = true;
    return copy;
}

}  // namespace alv::text::jinja
