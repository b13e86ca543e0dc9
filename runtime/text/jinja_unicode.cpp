#include "text/jinja_unicode.h"

#include <algorithm>

namespace alv::text::jinja {

namespace {

bool is_tail(unsigned char c) {
    return (c & 0xC0) == 0x80;
}

}  // namespace

CodePoint decode_at(std::string_view text, size_t offset) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[offset + i]); };
    const size_t left = text.size() - offset;
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const uint32_t size = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
    if (lead < 0xC2 || lead > 0xF4 || left < size) return {0xDC00u + lead, 1};
    uint32_t value = lead & (0x7Fu >> size);
    for (uint32_t i = 1; i < size; ++i) {
        if (!is_tail(byte(i))) return {0xDC00u + lead, 1};
        value = value << 6 | (byte(i) & 0x3Fu);
    }
    return {value, size};
}

CodePoint decode_before(std::string_view text, size_t end) {
    size_t start = end - 1;
    while (start > 0 && end - start < 4 && is_tail(static_cast<unsigned char>(text[start]))) {
        --start;
    }
    const CodePoint c = decode_at(text.substr(0, end), start);
    if (start + c.size == end) return c;
    return {0xDC00u + static_cast<unsigned char>(text[end - 1]), 1};
}

void append_utf8(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c >= 0xDC80 && c <= 0xDCFF) {
        out += static_cast<char>(c - 0xDC00);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

size_t count_code_points(std::string_view text) {
    size_t n = 0;
    for (size_t i = 0; i < text.size(); i += decode_at(text, i).size) ++n;
    return n;
}

size_t byte_offset(std::string_view text, size_t index) {
    size_t i = 0;
    while (i < text.size() && index-- > 0) i += decode_at(text, i).size;
    return i;
}

bool is_space(uint32_t c) {
    return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

uint32_t to_upper(uint32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
    if (c == 0xB5) return 0x39C;
    if (c >= 0xE0 && c <= 0xFE && c != 0xF7) return c - 32;
    if (c == 0xFF) return 0x178;
    if (c >= 0x100 && c <= 0x17F) {
        if (c == 0x131) return 'I';
        if (c == 0x17F) return 'S';
        if (c == 0x138 || c == 0x149) return c;
        const bool odd_lower = c <= 0x137 || (c >= 0x14A && c <= 0x177);
        return (c & 1) == (odd_lower ? 1u : 0u) && c != 0x178 && c != 0x130 ? c - 1 : c;
    }
    if (c >= 0x3B1 && c <= 0x3C9) return c == 0x3C2 ? 0x3A3 : c - 32;
    if (c >= 0x430 && c <= 0x44F) return c - 32;
    if (c >= 0x450 && c <= 0x45F) return c - 80;
    if (c >= 0x460 && c <= 0x481) return (c & 1) != 0 ? c - 1 : c;
    return c;
}

uint32_t to_lower(uint32_t c) {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
    if (c == 0x178) return 0xFF;
    if (c >= 0x100 && c <= 0x17F) return c != 0x130 && to_upper(c + 1) == c ? c + 1 : c;
    if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    if (c >= 0x460 && c <= 0x480) return (c & 1) == 0 ? c + 1 : c;
    return c;
}

bool is_cased(uint32_t c) {
    return to_upper(c) != c || to_lower(c) != c || c == 0xDF;
}
bool is_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}
// Outside of ASCII: every letter of the alphabets above and, roughly, of the scripts without case.
bool is_alpha(uint32_t c) {
    return is_cased(c) || (c >= 0x5D0 && c <= 0x1FFF) || (c >= 0x3041 && c <= 0xD7A3);
}

}  // namespace alv::text::jinja
