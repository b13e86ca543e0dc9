#include "text/jinja_lexer.h"

#include <charconv>

#include "text/jinja_unicode.h"

namespace alv::text::jinja {

namespace {

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_ascii_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string normalize_newlines(std::string_view in) {
    std::string out;
    out.reserve(in.size());
    for (size_t i = 0; i < in.size(); ++i) {
        if (in[i] != '\r') {
            out += in[i];
        } else {
            out += '\n';
            if (i + 1 < in.size() && in[i + 1] == '\n') ++i;
        }
    }
    if (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

size_t skip_blank(std::string_view s, size_t i) {
    while (i < s.size()) {
        const CodePoint c = decode_at(s, i);
        if (!is_space(c.value)) break;
        i += c.size;
    }
    return i;
}

}  // namespace

std::string describe(const Token& token) {
    switch (token.type) {
        case Tok::kEnd:
            return "the end of the template";
        case Tok::kPrintEnd:
            return "'}}'";
        case Tok::kBlockEnd:
            return "'%}'";
        case Tok::kString:
            return "a string";
        case Tok::kInteger:
        case Tok::kFloat:
            return "a number";
        default:
            return std::string("'").append(token.text, 0, 40).append("'");
    }
}

Lexer::Lexer(std::string_view source) : source_(normalize_newlines(source)) {}

Status Lexer::error(std::string message) const {
    return invalid_argument("line " + std::to_string(line_) + ": " + std::move(message));
}

void Lexer::advance(size_t to) {
    for (; pos_ < to; ++pos_) line_ += source_[pos_] == '\n' ? 1 : 0;
}

void Lexer::skip_spaces() {
    advance(skip_blank(source_, pos_));
}

Status Lexer::next(Token& token) {
    token = Token();
    return mode_ == Mode::kText ? text_token(token) : code_token(token);
}

// The text before a tag, less what `{%-` or lstrip_blocks take away.
std::string_view Lexer::strip_before(size_t begin, size_t tag, char sign, bool is_print) const {
    const std::string_view text = std::string_view(source_).substr(begin, tag - begin);
    size_t end = text.size();
    if (sign == '-') {
        while (end > 0) {
            const CodePoint c = decode_before(text, end);
            if (!is_space(c.value)) break;
            end -= c.size;
        }
    } else if (sign != '+' && !is_print) {
        const size_t newline = text.rfind('\n');
        const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
        if ((start > 0 || line_start_) && skip_blank(text, start) == text.size()) end = start;
    }
    return text.substr(0, end);
}

// Is the tag at `begin` a raw block? body..end is its text before `{% endraw`, `after` follows it.
bool Lexer::raw_block(size_t begin, size_t& body, size_t& end, size_t& after) {
    const std::string_view s = source_;
    size_t i = begin + 2;
    if (at(i) == '-' || at(i) == '+') ++i;
    i = skip_blank(s, i);
    if (s.substr(i, 3) != "raw") return false;
    i = skip_blank(s, i + 3);
    const bool strip = at(i) == '-';
    if (strip) ++i;
    if (s.substr(i, 2) != "%}") return false;
    body = strip ? skip_blank(s, i + 2) : i + 2;
    for (size_t tag = s.find("{%", body); tag != std::string_view::npos;
         tag = s.find("{%", tag + 2)) {
        i = tag + 2;
        if (at(i) == '-' || at(i) == '+') ++i;
        i = skip_blank(s, i);
        if (s.substr(i, 6) != "endraw") continue;
        i = skip_blank(s, i + 6);
        const char sign = at(i) == '-' || at(i) == '+' ? at(i++) : '\0';
        if (s.substr(i, 2) != "%}") continue;
        end = tag;
        after = i + 2;
        if (sign == '-') after = skip_blank(s, after);
        if (sign == '\0' && at(after) == '\n') ++after;
        return true;
    }
    end = after = std::string_view::npos;
    return true;
}

Status Lexer::skip_comment(size_t begin) {
    size_t i = begin + 2;
    if (at(i) == '-' || at(i) == '+') ++i;
    const size_t close = source_.find("#}", i);
    if (close == std::string::npos) return error("this comment '{#' has no '#}'");
    const char sign = close > i ? source_[close - 1] : '\0';
    size_t after = close + 2;
    if (sign == '-') {
        after = skip_blank(source_, after);
    } else if (sign != '+' && at(after) == '\n') {
        ++after;
    }
    advance(after);
    line_start_ = source_[after - 1] == '\n';
    return ok_status();
}

Status Lexer::text_token(Token& token) {
    while (pos_ < source_.size()) {
        const size_t begin = pos_;
        size_t tag = source_.find('{', begin);
        while (tag != std::string::npos && at(tag + 1) != '{' && at(tag + 1) != '%' &&
               at(tag + 1) != '#') {
            tag = source_.find('{', tag + 1);
        }
        token.type = Tok::kData;
        token.line = line_;
        if (tag == std::string::npos) {
            token.text = source_.substr(begin);
            advance(source_.size());
            return ok_status();
        }
        const char kind = source_[tag + 1];
        const char next = at(tag + 2);
        const char sign = next == '-' || next == '+' ? next : '\0';
        token.text = strip_before(begin, tag, sign, kind == '{');
        advance(tag);
        size_t body = 0, end = 0, after = 0;
        if (kind == '#') {
            ALV_RETURN_IF_ERROR(skip_comment(tag));
        } else if (kind == '%' && raw_block(tag, body, end, after)) {
            if (end == std::string::npos) return error("this raw block has no endraw");
            line_start_ = source_[body - 1] == '\n';
            size_t s = end + 2;
            token.text +=
                strip_before(body, end, at(s) == '-' || at(s) == '+' ? at(s) : '\0', false);
            advance(after);
            line_start_ = source_[after - 1] == '\n';
        } else if (!token.text.empty()) {
            // The tag is read by the next call, which sees no text before it.
            line_start_ = false;
            return ok_status();
        } else {
            token.type = kind == '{' ? Tok::kPrintBegin : Tok::kBlockBegin;
            token.line = line_;
            mode_ = kind == '{' ? Mode::kPrint : Mode::kBlock;
            open_brackets_ = 0;
            advance(tag + (sign != '\0' ? 3 : 2));
            return ok_status();
        }
        if (!token.text.empty()) return ok_status();
    }
    token.type = Tok::kEnd;
    token.line = line_;
    return ok_status();
}

bool Lexer::end_token(Token& token) {
    if (open_brackets_ > 0) return false;
    const std::string_view close = mode_ == Mode::kPrint ? "}}" : "%}";
    const std::string_view rest = std::string_view(source_).substr(pos_);
    const bool minus = rest.substr(0, 1) == "-" && rest.substr(1, 2) == close;
    const bool plus =
        mode_ == Mode::kBlock && rest.substr(0, 1) == "+" && rest.substr(1, 2) == close;
    if (!minus && !plus && rest.substr(0, 2) != close) return false;
    size_t after = pos_ + (minus || plus ? 3 : 2);
    if (minus) {
        after = skip_blank(source_, after);
    } else if (mode_ == Mode::kBlock && !plus && at(after) == '\n') {
        ++after;
    }
    token.type = mode_ == Mode::kPrint ? Tok::kPrintEnd : Tok::kBlockEnd;
    advance(after);
    line_start_ = source_[after - 1] == '\n';
    mode_ = Mode::kText;
    return true;
}

Status Lexer::code_token(Token& token) {
    skip_spaces();
    token.line = line_;
    if (pos_ >= source_.size()) {
        return error(mode_ == Mode::kPrint ? "'{{' is never closed" : "'{%' is never closed");
    }
    if (end_token(token)) return ok_status();
    const char c = source_[pos_];
    if (c == '\'' || c == '"') return string_token(token);
    if (is_ascii_digit(c)) return number_token(token);
    if (!is_name_char(c)) return operator_token(token);
    size_t end = pos_;
    while (end < source_.size() && is_name_char(source_[end])) ++end;
    token.type = Tok::kName;
    token.text = source_.substr(pos_, end - pos_);
    advance(end);
    return ok_status();
}

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// One escape of Python's unicode-escape; `i` stands behind the backslash. False: malformed.
bool unescape(std::string_view s, size_t& i, std::string& out) {
    const char c = s[i++];
    static constexpr std::string_view kFrom = "\\'\"abfnrtv";
    static constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
    if (const size_t k = kFrom.find(c); k != std::string_view::npos) {
        out += kTo[k];
        return true;
    }
    if (c == '\n') return true;
    uint32_t value = 0;
    if (c >= '0' && c <= '7') {
        value = static_cast<uint32_t>(c - '0');
        for (int n = 1; n < 3 && i < s.size() && s[i] >= '0' && s[i] <= '7'; ++n) {
            value = value * 8 + static_cast<uint32_t>(s[i++] - '0');
        }
    } else if (c == 'x' || c == 'u' || c == 'U') {
        const size_t digits = c == 'x' ? 2 : (c == 'u' ? 4 : 8);
        for (size_t n = 0; n < digits; ++n) {
            const int d = i < s.size() ? hex_digit(s[i++]) : -1;
            if (d < 0) return false;
            value = value * 16 + static_cast<uint32_t>(d);
        }
        if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
    } else {
        if (c == 'N') return false;
        out += '\\';
        out += c;
        return true;
    }
    append_utf8(out, value);
    return true;
}

}  // namespace

Status Lexer::string_token(Token& token) {
    const char quote = source_[pos_];
    size_t i = pos_ + 1;
    while (i < source_.size() && source_[i] != quote) {
        if (source_[i] != '\\') {
            token.text += source_[i++];
            continue;
        }
        if (++i >= source_.size()) break;
        if (!unescape(source_, i, token.text)) return error("malformed escape in a string");
    }
    if (i >= source_.size()) return error("this string is never closed");
    token.type = Tok::kString;
    advance(i + 1);
    return ok_status();
}

Status Lexer::number_token(Token& token) {
    const auto digits = [this](size_t i, int base) {
        while (hex_digit(at(i)) >= 0 && hex_digit(at(i)) < base) {
            i += at(i + 1) == '_' && hex_digit(at(i + 2)) >= 0 ? 2 : 1;
        }
        return i;
    };
    int base = 10;
    size_t begin = pos_;
    if (source_[pos_] == '0') {
        const char c = at(pos_ + 1);
        base = c == 'x' || c == 'X' ? 16
                                    : (c == 'o' || c == 'O' ? 8 : (c == 'b' || c == 'B' ? 2 : 10));
        if (base != 10) begin += 2;
    }
    size_t end = digits(begin, base);
    bool is_float = false;
    if (base == 10) {
        if (at(end) == '.' && is_ascii_digit(at(end + 1))) {
            is_float = true;
            end = digits(end + 1, 10);
        }
        const size_t e = end + (at(end + 1) == '+' || at(end + 1) == '-' ? 2 : 1);
        if ((at(end) == 'e' || at(end) == 'E') && is_ascii_digit(at(e))) {
            is_float = true;
            end = digits(e, 10);
        }
    }
    std::string text;
    for (size_t i = begin; i < end; ++i) {
        if (source_[i] != '_') text += source_[i];
    }
    const char* first = text.data();
    const char* last = first + text.size();
    const auto parsed = is_float ? std::from_chars(first, last, token.number)
                                 : std::from_chars(first, last, token.integer, base);
    if (parsed.ec != std::errc() || parsed.ptr != last) {
        return error("this number is too large or malformed");
    }
    token.type = is_float ? Tok::kFloat : Tok::kInteger;
    token.text = text;
    advance(end);
    return ok_status();
}

Status Lexer::operator_token(Token& token) {
    struct Operator {
        std::string_view text;
        Tok type;
    };
    static constexpr Operator kOperators[] = {
        {"//", Tok::kFloorDiv}, {"**", Tok::kPow},     {"==", Tok::kEq},    {"!=", Tok::kNe},
        {">=", Tok::kGe},       {"<=", Tok::kLe},      {"+", Tok::kPlus},   {"-", Tok::kMinus},
        {"*", Tok::kMul},       {"/", Tok::kDiv},      {"%", Tok::kMod},    {"~", Tok::kTilde},
        {"[", Tok::kLBracket},  {"]", Tok::kRBracket}, {"(", Tok::kLParen}, {")", Tok::kRParen},
        {"{", Tok::kLBrace},    {"}", Tok::kRBrace},   {">", Tok::kGt},     {"<", Tok::kLt},
        {"=", Tok::kAssign},    {".", Tok::kDot},      {":", Tok::kColon},  {"|", Tok::kPipe},
        {",", Tok::kComma},
    };
    for (const Operator& op : kOperators) {
        if (std::string_view(source_).substr(pos_, op.text.size()) != op.text) continue;
        token.type = op.type;
        token.text = op.text;
        const bool opens = op.text == "(" || op.text == "[" || op.text == "{";
        const bool closes = op.text == ")" || op.text == "]" || op.text == "}";
        if (closes && open_brackets_ == 0) return error("unexpected '" + token.text + "'");
        open_brackets_ += opens ? 1 : 0;
        open_brackets_ -= closes ? 1 : 0;
        advance(pos_ + op.text.size());
        return ok_status();
    }
    return error("unexpected character '" + source_.substr(pos_, decode_at(source_, pos_).size) +
                 "'");
}

}  // namespace alv::text::jinja
