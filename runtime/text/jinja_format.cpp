// 'text' % values and 'text'.format(values), without widths, precisions or attribute access.
#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"

namespace alv::text::jinja {

Value format_percent(Context& cx, const Value& format, const Value& arguments) {
    std::vector<Value> values;
    if (arguments.is(Kind::kTuple)) {
        values = arguments.seq().items;
    } else {
        values.push_back(arguments);
    }
    const std::string_view text = format.text();
    Builder out(cx);
    size_t used = 0;
    size_t clean = 0;
    for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i)) {
        if (!cx.step()) return {};
        out.append(format.str(), clean, i);
        const char kind = i + 1 < text.size() ? text[i + 1] : '\0';
        if (kind == '%') {
            out.append("%", trusted_at(format.str(), i));
        } else if (kind != 's' && kind != 'd' && kind != 'i' && kind != 'r') {
            return cx.not_supported("'%' formatting other than %s, %d, %i, %r");
        } else if (used == values.size()) {
            return cx.type_error("not enough arguments for format string");
        } else {
            const Value& v = values[used++];
            if (kind == 'r') {
                const Value repr = to_repr(cx, v);
                if (cx.failed()) return {};
                out.append(repr.str());
            } else if (kind == 's') {
                write_text(cx, out, v);
            } else if (v.is_number()) {
                const auto whole = v.is_int() ? v.as_int() : static_cast<int64_t>(v.as_double());
                out.append(std::to_string(whole), v.trusted());
            } else {
                return cx.type_error("%d needs a number");
            }
        }
        i += 2;
        clean = i;
    }
    if (used < values.size() && arguments.is(Kind::kTuple)) {
        return cx.type_error("not all arguments converted during string formatting");
    }
    if (used == 0 && !arguments.is(Kind::kTuple) && !arguments.is(Kind::kDict) &&
        !arguments.is(Kind::kList)) {
        return cx.type_error("not all arguments converted during string formatting");
    }
    out.append(format.str(), clean, text.size());
    return out.finish();
}

Value format_braces(Context& cx, const Value& format, const Arguments& a) {
    const std::string_view text = format.text();
    Builder out(cx);
    size_t clean = 0;
    size_t automatic = 0;
    bool manual = false;
    for (size_t i = 0; i < text.size();) {
        if (text[i] != '{' && text[i] != '}') {
            ++i;
            continue;
        }
        if (!cx.step()) return {};
        out.append(format.str(), clean, i);
        if (i + 1 < text.size() && text[i + 1] == text[i]) {  // {{ and }}
            out.append(format.str(), i, i + 1);
            clean = i += 2;
            continue;
        }
        const size_t close = text.find('}', i);
        if (text[i] == '}' || close == std::string_view::npos) {
            return cx.type_error("format(): a single brace in the format string");
        }
        const std::string_view field = text.substr(i + 1, close - i - 1);
        const bool number = field.find_first_not_of("0123456789") == std::string_view::npos;
        const Value* value = nullptr;
        if (field.find_first_of(".[:!{") != std::string_view::npos) {
            return cx.not_supported("format() with anything but names and numbers in braces");
        }
        if (number && field.size() < 6) {
            const size_t index = field.empty() ? automatic++ : std::stoul(std::string(field));
            manual = manual || !field.empty();
            if (manual && automatic > 0) {
                return cx.type_error("format(): numbered and unnumbered braces do not mix");
            }
            if (index < a.positional.size()) value = &a[index];
        }
        for (const auto& [key, keyword] : a.keywords) {
            if (!number && key.text() == field) value = &keyword;
        }
        if (value == nullptr) return cx.type_error("format(): an argument is missing");
        write_text(cx, out, *value);
        clean = i = close + 1;
    }
    out.append(format.str(), clean, text.size());
    return out.finish();
}

}  // namespace alv::text::jinja
