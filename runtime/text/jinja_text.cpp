// Values as text: str(), repr() and JSON. Walks nested values over an explicit stack; every value
// visited costs a step, since shared parts may be met again and again.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "text/jinja_ops.h"
#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

// Python shows these as escapes in repr(); the rest of Unicode is taken as printable.
bool printable(uint32_t c) {
    if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) return false;
    if (c > 0x20 && is_space(c)) return false;
    return !((c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
             (c >= 0x2060 && c <= 0x206F) || (c >= 0xD800 && c <= 0xF8FF) || c == 0xFEFF ||
             (c >= 0xFFF0 && c <= 0xFFFB));
}

std::string hex_escape(uint32_t c, bool json) {
    std::array<char, 16> buffer{};
    const auto put = [&](const char* format, unsigned value) {
        std::snprintf(buffer.data(), buffer.size(), format, value);
        return std::string(buffer.data());
    };
    if (!json && c < 0x100) return put("\\x%02x", c);
    if (c < 0x10000) return put("\\u%04x", c);
    if (!json) return put("\\U%08x", c);
    return put("\\u%04x", 0xD7C0 + (c >> 10)) + put("\\u%04x", 0xDC00 + (c & 0x3FF));
}

std::string escape_of(uint32_t c, bool json, bool ascii, char quote) {
    switch (c) {
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            break;
    }
    if (c == static_cast<unsigned char>(quote)) return std::string("\\") + quote;
    if (json && c == '\b') return "\\b";
    if (json && c == '\f') return "\\f";
    const bool escape = json ? (c < 0x20 || (ascii && c >= 0x7F)) : !printable(c);
    return escape ? hex_escape(c, json) : std::string();
}

class Writer {
  public:
    Writer(Context& cx, Builder& out, const JsonStyle* json) : cx_(cx), out_(out), json_(json) {}
    void write(const Value& root);

  private:
    struct Frame {
        const Value* container;
        size_t next = 0;
        std::vector<uint32_t> order;  // of a dict whose keys are sorted
    };
    void punctuation(std::string_view text) { out_.append(text, false); }
    void value(const Value& v);
    void scalar(const Value& v);
    void string(const String& s);
    void key(const Value& k);
    void new_line();
    void step();
    static size_t size_of(const Value& v) {
        return v.is(Kind::kDict) ? v.dict().entries.size() : v.seq().items.size();
    }

    Context& cx_;
    Builder& out_;
    const JsonStyle* json_;
    std::vector<Frame> stack_;
};

void Writer::write(const Value& root) {
    value(root);
    while (!stack_.empty() && !cx_.failed()) step();
}

void Writer::value(const Value& v) {
    if (!cx_.step()) return;
    if (!v.is_sequence() && !v.is(Kind::kDict)) return scalar(v);
    const bool tuple = v.is(Kind::kTuple) && json_ == nullptr;
    punctuation(v.is(Kind::kDict) ? "{" : (tuple ? "(" : "["));
    Frame f{&v, 0, {}};
    if (json_ != nullptr && json_->sort_keys && v.is(Kind::kDict)) {
        const auto& entries = v.dict().entries;
        f.order.resize(entries.size());
        std::iota(f.order.begin(), f.order.end(), 0u);
        std::sort(f.order.begin(), f.order.end(), [&](uint32_t a, uint32_t b) {
            return compare_keys(entries[a].first, entries[b].first) < 0;
        });
    }
    stack_.push_back(std::move(f));
}

void Writer::new_line() {
    if (json_ == nullptr || json_->indent < 0) return;
    punctuation("\n");
    const auto width = static_cast<size_t>(json_->indent) * stack_.size();
    if (cx_.step_bytes(width)) punctuation(std::string(width, ' '));
}

void Writer::step() {
    if (!cx_.step(2)) return;
    Frame& f = stack_.back();
    const Value& c = *f.container;
    const size_t size = size_of(c);
    if (f.next == size) {
        const bool tuple = c.is(Kind::kTuple) && json_ == nullptr;
        stack_.pop_back();
        if (size > 0) new_line();
        if (tuple && size == 1) punctuation(",");
        punctuation(c.is(Kind::kDict) ? "}" : (tuple ? ")" : "]"));
        return;
    }
    if (f.next > 0) {
        std::string separator = json_ != nullptr ? json_->item_separator : ", ";
        punctuation(separator);
    }
    new_line();
    size_t i = f.next++;
    if (!c.is(Kind::kDict)) return value(c.seq().items[i]);
    if (!f.order.empty()) i = f.order[i];
    const auto& [k, v] = c.dict().entries[i];
    key(k);
    punctuation(json_ != nullptr ? std::string_view(json_->key_separator) : ": ");
    value(v);
}

void Writer::key(const Value& k) {
    if (json_ == nullptr || k.is_string()) return scalar(k);
    punctuation("\"");
    scalar(k);
    punctuation("\"");
}

void Writer::scalar(const Value& v) {
    const bool json = json_ != nullptr;
    switch (v.kind()) {
        case Kind::kNone:
            return out_.append(json ? "null" : "None", true);
        case Kind::kBool:
            if (json) return out_.append(v.as_bool() ? "true" : "false", true);
            return out_.append(v.as_bool() ? "True" : "False", true);
        case Kind::kInt:
            return out_.append(std::to_string(v.as_int()), v.trusted());
        case Kind::kFloat: {
            const double d = v.as_double();
            if (json && std::isnan(d)) return out_.append("NaN", v.trusted());
            if (json && std::isinf(d))
                return out_.append(d < 0 ? "-Infinity" : "Infinity", v.trusted());
            return out_.append(float_text(d), v.trusted());
        }
        case Kind::kString:
            return string(v.str());
        case Kind::kAbsent:
        case Kind::kUndefined:
            if (!json) return out_.append("Undefined", true);
            [[fallthrough]];
        default:
            break;
    }
    if (json) {
        cx_.type_error(std::string("Object of type ") + type_name(v) + " is not JSON serializable");
    } else {
        cx_.not_supported(std::string("a ") + type_name(v) + " cannot be printed");
    }
}

void Writer::string(const String& s) {
    const bool json = json_ != nullptr;
    const bool apostrophe = s.text.find('\'') != std::string::npos;
    const bool double_quote = json || (apostrophe && s.text.find('"') == std::string::npos);
    const char quote = double_quote ? '"' : '\'';
    punctuation(std::string_view(&quote, 1));
    size_t clean = 0;
    for (size_t i = 0; i < s.text.size();) {
        const CodePoint c = decode_at(s.text, i);
        const std::string escaped = escape_of(c.value, json, json && json_->ascii, quote);
        if (!escaped.empty()) {
            out_.append(s, clean, i);
            out_.append(escaped, trusted_at(s, i));
            clean = i + c.size;
            if (!cx_.step()) return;
        }
        i += c.size;
    }
    out_.append(s, clean, s.text.size());
    punctuation(std::string_view(&quote, 1));
}

}  // namespace

std::string float_text(double d) {
    if (std::isnan(d)) return "nan";
    if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
    std::array<char, 64> buffer{};
    char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d,
                                    std::chars_format::scientific)
                          .ptr;
    std::string text(buffer.data(), end);  // [-]d[.ddd]e[+-]dd
    const size_t e = text.find('e');
    const int exponent = std::stoi(text.substr(e + 1));
    if (exponent < -4 || exponent >= 16) return text;
    std::string digits;
    for (const char c : text.substr(0, e)) {
        if (c != '.' && c != '-') digits += c;
    }
    const std::string sign = text[0] == '-' ? "-" : "";
    if (exponent < 0) {
        return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
    }
    const auto whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    const std::string fraction = digits.substr(whole);
    return sign + digits.substr(0, whole) + "." + (fraction.empty() ? "0" : fraction);
}

void write_text(Context& cx, Builder& out, const Value& v) {
    if (v.is_string()) return out.append(v.str());
    if (v.is_undefined()) return;
    Writer(cx, out, nullptr).write(v);
}

Value to_text(Context& cx, const Value& v) {
    if (v.is_string()) return v;
    Builder b(cx);
    write_text(cx, b, v);
    return b.finish();
}

Value to_repr(Context& cx, const Value& v) {
    Builder b(cx);
    Writer(cx, b, nullptr).write(v);
    return b.finish();
}

Value to_json(Context& cx, const Value& v, const JsonStyle& style) {
    Builder b(cx);
    Writer(cx, b, &style).write(v);
    return b.finish();
}

}  // namespace alv::text::jinja
