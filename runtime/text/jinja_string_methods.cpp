// Methods of str. Every result keeps, byte by byte, the trust of what it was made from.
#include <algorithm>

#include "text/jinja_builtins.h"
#include "text/jinja_ops.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

constexpr size_t npos = std::string_view::npos;

bool in_set(uint32_t c, const Value& chars) {
    if (!chars.is_string()) return is_space(c);
    const std::string_view set = chars.text();
    for (size_t i = 0; i < set.size();) {
        const CodePoint p = decode_at(set, i);
        if (p.value == c) return true;
        i += p.size;
    }
    return false;
}

// A string, or absent after an error.
bool want_string(Context& cx, const Value& v, const char* what) {
    if (v.is_string()) return true;
    cx.type_error(std::string(what) + " must be a string, not '" + type_name(v) + "'");
    return false;
}

Value split_blanks(Context& cx, const Value& s, int64_t limit, bool from_right) {
    const std::string_view text = s.text();
    std::vector<std::pair<size_t, size_t>> words;
    for (size_t i = 0; i < text.size();) {
        const CodePoint c = decode_at(text, i);
        if (is_space(c.value)) {
            i += c.size;
            continue;
        }
        const size_t begin = i;
        while (i < text.size() && !is_space(decode_at(text, i).value)) i += decode_at(text, i).size;
        words.emplace_back(begin, i);
        if (!cx.step()) return {};
    }
    const size_t n = words.size();
    const size_t parts = limit < 0 ? n : std::min<size_t>(n, static_cast<size_t>(limit) + 1);
    if (n > 0 && parts < n && !from_right) {  // the rest of the text is the last part
        words.resize(parts);
        words.back().second = text.size();
    } else if (n > 0 && parts < n) {
        words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n - parts));
        words.front().first = 0;
    }
    std::vector<Value> out;
    out.reserve(words.size());
    for (const auto& [begin, end] : words) out.push_back(substring(cx, s, begin, end));
    return cx.list(std::move(out));
}

Value split_any(Context& cx, const Value& s, const Arguments& a, bool from_right) {
    const int64_t limit = integer_argument(cx, a[1], -1, "maxsplit");
    if (cx.failed() || !cx.step_bytes(s.text().size())) return {};
    if (a[0].absent() || a[0].is(Kind::kNone)) return split_blanks(cx, s, limit, from_right);
    if (!want_string(cx, a[0], "the separator")) return {};
    const std::string_view text = s.text();
    const std::string_view separator = a[0].text();
    if (separator.empty()) return cx.type_error("empty separator");
    std::vector<Value> out;
    if (from_right) {
        size_t end = text.size();
        while (end >= separator.size() && (limit < 0 || static_cast<int64_t>(out.size()) < limit)) {
            const size_t at = text.rfind(separator, end - separator.size());
            if (at == npos || !cx.step()) break;
            out.push_back(substring(cx, s, at + separator.size(), end));
            end = at;
        }
        out.push_back(substring(cx, s, 0, end));
        std::reverse(out.begin(), out.end());
    } else {
        size_t begin = 0;
        while (limit < 0 || static_cast<int64_t>(out.size()) < limit) {
            const size_t at = text.find(separator, begin);
            if (at == npos || !cx.step()) break;
            out.push_back(substring(cx, s, begin, at));
            begin = at + separator.size();
        }
        out.push_back(substring(cx, s, begin, text.size()));
    }
    return cx.failed() ? Value() : cx.list(std::move(out));
}

Value split_lines(Context& cx, const Value& s, const Arguments& a) {
    const bool keep = !a[0].absent() && truthy(a[0]);
    const std::string_view text = s.text();
    std::vector<Value> out;
    for (size_t begin = 0, i = 0; i < text.size() && cx.step();) {
        const CodePoint c = decode_at(text, i);
        const bool ends = (c.value >= 10 && c.value <= 13) ||
                          (c.value >= 0x1C && c.value <= 0x1E) || c.value == 0x85 ||
                          c.value == 0x2028 || c.value == 0x2029;
        const size_t end = i;
        i += c.size;
        if (!ends && i < text.size()) continue;
        if (c.value == '\r' && i < text.size() && text[i] == '\n') ++i;
        out.push_back(substring(cx, s, begin, keep || !ends ? i : end));
        begin = i;
    }
    return cx.failed() ? Value() : cx.list(std::move(out));
}

// startswith and endswith take one string or a tuple of them.
Value affix(Context& cx, const Value& s, const Value& what, bool start) {
    const auto matches = [&](const Value& v) {
        if (!want_string(cx, v, "the affix")) return false;
        const std::string_view text = s.text();
        const size_t n = v.text().size();
        return n <= text.size() && text.substr(start ? 0 : text.size() - n, n) == v.text();
    };
    if (!what.is(Kind::kTuple)) return Value::boolean(matches(what));
    for (const Value& v : what.seq().items) {
        if (matches(v)) return Value::boolean(true);
    }
    return Value::boolean(false);
}

Value find_text(Context& cx, const Value& s, const Value& what, bool last, bool must) {
    if (!want_string(cx, what, "the text to find")) return {};
    cx.step_bytes(s.text().size());
    const size_t at = last ? s.text().rfind(what.text()) : s.text().find(what.text());
    if (at == npos) {
        return must ? cx.type_error("substring not found") : Value::integer(-1, false);
    }
    const size_t index = count_code_points(s.text().substr(0, at));
    return Value::integer(static_cast<int64_t>(index), false);
}

Value count_text(Context& cx, const Value& s, const Value& what) {
    if (!want_string(cx, what, "the text to count")) return {};
    cx.step_bytes(s.text().size());
    if (what.text().empty()) {
        return Value::integer(static_cast<int64_t>(count_code_points(s.text())) + 1, false);
    }
    int64_t n = 0;
    for (size_t at = s.text().find(what.text()); at != npos;
         at = s.text().find(what.text(), at + what.text().size())) {
        ++n;
    }
    return Value::integer(n, false);
}

Value all_of(const Value& s, bool (*is)(uint32_t)) {
    const std::string_view text = s.text();
    for (size_t i = 0; i < text.size(); i += decode_at(text, i).size) {
        if (!is(decode_at(text, i).value)) return Value::boolean(false);
    }
    return Value::boolean(!text.empty());
}

Value all_case(const Value& s, uint32_t (*fold)(uint32_t)) {
    bool cased = false;
    const std::string_view text = s.text();
    for (size_t i = 0; i < text.size(); i += decode_at(text, i).size) {
        const uint32_t c = decode_at(text, i).value;
        if (fold(c) != c) return Value::boolean(false);
        cased = cased || is_cased(c);
    }
    return Value::boolean(cased);
}

Value title(Context& cx, const Value& s) {
    Builder out(cx);
    bool inside = false;
    const std::string_view text = s.text();
    for (size_t i = 0; i < text.size();) {
        const CodePoint c = decode_at(text, i);
        std::string mapped;
        append_utf8(mapped, inside ? to_lower(c.value) : to_upper(c.value));
        out.append(mapped, trusted_at(s.str(), i));
        inside = is_cased(c.value);
        i += c.size;
        if (!cx.step()) return {};
    }
    return out.finish();
}

Value partition(Context& cx, const Value& s, const Value& separator, bool last) {
    if (!want_string(cx, separator, "the separator")) return {};
    if (separator.text().empty()) return cx.type_error("empty separator");
    const Value empty = cx.string("", true);
    const size_t at = last ? s.text().rfind(separator.text()) : s.text().find(separator.text());
    if (at == npos)
        return cx.tuple(last ? std::vector{empty, empty, s} : std::vector{s, empty, empty});
    const size_t end = at + separator.text().size();
    return cx.tuple({substring(cx, s, 0, at), substring(cx, s, at, end),
                     substring(cx, s, end, s.text().size())});
}

Value justify(Context& cx, const Value& s, const Arguments& a, int left_share) {
    const int64_t width = integer_argument(cx, a[0], 0, "width");
    const Value fill = a[1].absent() ? cx.string(" ", true) : a[1];
    if (cx.failed() || !want_string(cx, fill, "the fill character")) return {};
    const auto missing = width - static_cast<int64_t>(count_code_points(s.text()));
    if (missing <= 0) return s;
    // As CPython centres: an odd blank goes to the left when the width is odd.
    const int64_t half = missing / 2 + (missing & width & 1);
    const int64_t left = left_share == 0 ? 0 : (left_share == 1 ? missing : half);
    Builder out(cx);
    for (int64_t i = 0; i < left && cx.step(); ++i) out.append(fill.str());
    out.append(s.str());
    for (int64_t i = left; i < missing && cx.step(); ++i) out.append(fill.str());
    return out.finish();
}

Value zero_fill(Context& cx, const Value& s, const Arguments& a) {
    const int64_t width = integer_argument(cx, a[0], 0, "width");
    const auto missing = width - static_cast<int64_t>(count_code_points(s.text()));
    const bool sign = !s.text().empty() && (s.text()[0] == '-' || s.text()[0] == '+');
    Builder out(cx);
    out.append(s.str(), 0, sign ? 1 : 0);
    for (int64_t i = 0; i < missing && cx.step(); ++i) out.append("0", true);
    out.append(s.str(), sign ? 1 : 0, s.text().size());
    return out.finish();
}

Value remove_affix(Context& cx, const Value& s, const Value& what, bool start) {
    if (!want_string(cx, what, "the affix")) return {};
    const size_t size = s.text().size();
    const size_t n = what.text().size();
    if (!truthy(affix(cx, s, what, start))) return s;
    return start ? substring(cx, s, n, size) : substring(cx, s, 0, size - n);
}

using A = const Arguments&;
using V = const Value&;
using C = Context&;
constexpr Kind kS = Kind::kString;

const MethodInfo kMethods[] = {
    {kS, "strip", [](C cx, V s, A a) { return strip(cx, s, a[0], true, true); }, "chars"},
    {kS, "lstrip", [](C cx, V s, A a) { return strip(cx, s, a[0], true, false); }, "chars"},
    {kS, "rstrip", [](C cx, V s, A a) { return strip(cx, s, a[0], false, true); }, "chars"},
    {kS, "split", [](C cx, V s, A a) { return split_any(cx, s, a, false); }, "sep maxsplit"},
    {kS, "rsplit", [](C cx, V s, A a) { return split_any(cx, s, a, true); }, "sep maxsplit"},
    {kS, "splitlines", split_lines, "keepends"},
    {kS, "startswith", [](C cx, V s, A a) { return affix(cx, s, a[0], true); }, "prefix", 1},
    {kS, "endswith", [](C cx, V s, A a) { return affix(cx, s, a[0], false); }, "suffix", 1},
    {kS, "upper", [](C cx, V s, A) { return change_case(cx, s, true); }},
    {kS, "lower", [](C cx, V s, A) { return change_case(cx, s, false); }},
    {kS, "casefold", [](C cx, V s, A) { return change_case(cx, s, false); }},
    {kS, "title", [](C cx, V s, A) { return title(cx, s); }},
    {kS, "capitalize", [](C cx, V s, A) { return capitalize(cx, s); }},
    {kS, "replace",
     [](C cx, V s, A a) {
         return replace(cx, s, a[0], a[1], integer_argument(cx, a[2], -1, "count"));
     },
     "old new count", 2},
    {kS, "find", [](C cx, V s, A a) { return find_text(cx, s, a[0], false, false); }, "sub", 1},
    {kS, "rfind", [](C cx, V s, A a) { return find_text(cx, s, a[0], true, false); }, "sub", 1},
    {kS, "index", [](C cx, V s, A a) { return find_text(cx, s, a[0], false, true); }, "sub", 1},
    {kS, "rindex", [](C cx, V s, A a) { return find_text(cx, s, a[0], true, true); }, "sub", 1},
    {kS, "count", [](C cx, V s, A a) { return count_text(cx, s, a[0]); }, "sub", 1},
    {kS, "join", [](C cx, V s, A a) { return join(cx, s, a[0]); }, "iterable", 1},
    {kS, "format", [](C cx, V s, A a) { return format_braces(cx, s, a); }, nullptr},
    {kS, "isdigit", [](C, V s, A) { return all_of(s, is_digit); }},
    {kS, "isdecimal", [](C, V s, A) { return all_of(s, is_digit); }},
    {kS, "isnumeric", [](C, V s, A) { return all_of(s, is_digit); }},
    {kS, "isalpha", [](C, V s, A) { return all_of(s, is_alpha); }},
    {kS, "isalnum",
     [](C, V s, A) { return all_of(s, [](uint32_t c) { return is_alpha(c) || is_digit(c); }); }},
    {kS, "isspace", [](C, V s, A) { return all_of(s, is_space); }},
    {kS, "isupper", [](C, V s, A) { return all_case(s, to_upper); }},
    {kS, "islower", [](C, V s, A) { return all_case(s, to_lower); }},
    {kS, "partition", [](C cx, V s, A a) { return partition(cx, s, a[0], false); }, "sep", 1},
    {kS, "rpartition", [](C cx, V s, A a) { return partition(cx, s, a[0], true); }, "sep", 1},
    {kS, "ljust", [](C cx, V s, A a) { return justify(cx, s, a, 0); }, "width fillchar", 1},
    {kS, "rjust", [](C cx, V s, A a) { return justify(cx, s, a, 1); }, "width fillchar", 1},
    {kS, "center", [](C cx, V s, A a) { return justify(cx, s, a, 2); }, "width fillchar", 1},
    {kS, "zfill", zero_fill, "width", 1},
    {kS, "removeprefix", [](C cx, V s, A a) { return remove_affix(cx, s, a[0], true); }, "prefix",
     1},
    {kS, "removesuffix", [](C cx, V s, A a) { return remove_affix(cx, s, a[0], false); }, "suffix",
     1},
};

}  // namespace

std::span<const MethodInfo> string_methods() {
    return kMethods;
}

Value strip(Context& cx, const Value& s, const Value& chars, bool left, bool right) {
    if (!chars.absent() && !chars.is(Kind::kNone) && !want_string(cx, chars, "the characters")) {
        return {};
    }
    const std::string_view text = s.text();
    size_t begin = 0;
    size_t end = text.size();
    const uint64_t cost = chars.is_string() ? 1 + chars.text().size() / 16 : 0;
    while (left && begin < end && cx.step(cost)) {
        const CodePoint c = decode_at(text, begin);
        if (!in_set(c.value, chars)) break;
        begin += c.size;
    }
    while (right && end > begin && cx.step(cost)) {
        const CodePoint c = decode_before(text, end);
        if (!in_set(c.value, chars)) break;
        end -= c.size;
    }
    return substring(cx, s, begin, end);
}

Value replace(Context& cx, const Value& s, const Value& from, const Value& to, int64_t count) {
    if (!want_string(cx, from, "the text to replace") || !want_string(cx, to, "the replacement")) {
        return {};
    }
    const std::string_view text = s.text();
    const std::string_view what = from.text();
    Builder out(cx);
    size_t done = 0;
    size_t at = 0;
    if (!cx.step_bytes(text.size())) return {};
    while (count != 0) {
        at = text.find(what, at);
        if (at == npos || !cx.step()) break;
        out.append(s.str(), done, at);
        out.append(to.str());
        done = at + what.size();
        if (what.empty()) {  // before every character, and at the end
            if (at >= text.size()) break;
            at += decode_at(text, at).size;
        } else {
            at = done;
        }
        --count;
    }
    out.append(s.str(), std::min(done, text.size()), text.size());
    return out.finish();
}

Value change_case(Context& cx, const Value& s, bool upper) {
    const std::string_view text = s.text();
    Builder out(cx);
    const size_t n_runs = s.str().flips.size() + 1;
    for (size_t run = 0, begin = 0; run < n_runs; ++run) {
        const size_t end = run < s.str().flips.size() ? s.str().flips[run] : text.size();
        if (!cx.step_bytes(8 * (end - begin))) return {};
        std::string mapped;
        for (size_t i = begin; i < end;) {
            const CodePoint c = decode_at(text.substr(0, end), i);
            if (upper && c.value == 0xDF) {
                mapped += "SS";
            } else {
                append_utf8(mapped, upper ? to_upper(c.value) : to_lower(c.value));
            }
            i += c.size;
        }
        out.append(mapped, s.str().first_trusted != (run % 2 != 0));
        begin = end;
    }
    return out.finish();
}

Value capitalize(Context& cx, const Value& s) {
    if (s.text().empty()) return s;
    const size_t first = decode_at(s.text(), 0).size;
    const Value head = change_case(cx, substring(cx, s, 0, first), true);
    if (cx.failed()) return {};
    const Value tail = change_case(cx, substring(cx, s, first, s.text().size()), false);
    if (cx.failed()) return {};
    return binary(cx, Tok::kPlus, head, tail);
}

}  // namespace alv::text::jinja
