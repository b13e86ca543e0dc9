#include "base/utf8.h"

#include <algorithm>

namespace alv::utf8 {
namespace {

// What a lead byte promises: how many bytes, and the range of the second (which alone rules out
// overlong forms, surrogates and numbers above U+10FFFF; Unicode table 3-7).
struct Lead {
    uint32_t size = 0;  // 0: not a lead byte
    uint8_t second_min = 0x80;
    uint8_t second_max = 0xBF;
};

Lead lead_of(uint8_t byte) {
    if (byte < 0x80) return {1};
    if (byte < 0xC2) return {0};
    if (byte < 0xE0) return {2};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte < 0xF0) return {3};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte < 0xF4) return {4};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {0};
}

// Bytes at `offset` that agree with the promise of `lead` (at least the lead byte itself).
uint32_t matching_bytes(std::string_view text, size_t offset, const Lead& lead) {
    uint32_t n = 1;
    while (n < lead.size && offset + n < text.size()) {
        const auto byte = static_cast<uint8_t>(text[offset + n]);
        const uint8_t low = n == 1 ? lead.second_min : uint8_t{0x80};
        const uint8_t high = n == 1 ? lead.second_max : uint8_t{0xBF};
        if (byte < low || byte > high) break;
        ++n;
    }
    return n;
}

}  // namespace

CodePoint next(std::string_view text, size_t offset) {
    if (offset >= text.size()) return {};
    const auto first = static_cast<uint8_t>(text[offset]);
    if (first < 0x80) return {first, 1, true};
    const Lead lead = lead_of(first);
    if (lead.size == 0) return {kReplacement, 1, false};
    const uint32_t matching = matching_bytes(text, offset, lead);
    if (matching < lead.size) return {kReplacement, matching, false};
    char32_t code_point = first & (0xFFU >> (lead.size + 1));
    for (uint32_t i = 1; i < lead.size; ++i) {
        code_point = (code_point << 6) | (static_cast<uint8_t>(text[offset + i]) & 0x3FU);
    }
    return {code_point, lead.size, true};
}

size_t valid_prefix(std::string_view text) {
    size_t offset = 0;
    while (offset < text.size()) {
        const CodePoint point = next(text, offset);
        if (!point.valid) break;
        offset += point.size;
    }
    return offset;
}

bool is_valid(std::string_view text) {
    return valid_prefix(text) == text.size();
}

size_t incomplete_tail(std::string_view text) {
    const size_t longest = std::min<size_t>(3, text.size());
    for (size_t tail = 1; tail <= longest; ++tail) {
        const size_t offset = text.size() - tail;
        const auto byte = static_cast<uint8_t>(text[offset]);
        if ((byte & 0xC0U) == 0x80U) continue;  // a continuation: its lead is further left
        const Lead lead = lead_of(byte);
        const bool open = lead.size > tail && matching_bytes(text, offset, lead) == tail;
        return open ? tail : 0;
    }
    return 0;
}

std::string replace_invalid(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t offset = 0; offset < text.size();) {
        const CodePoint point = next(text, offset);
        if (point.valid) {
            out.append(text.substr(offset, point.size));
        } else {
            append(out, kReplacement);
        }
        offset += point.size;
    }
    return out;
}

void append(std::string& out, char32_t code_point) {
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        code_point = kReplacement;
    }
    const auto push = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    const auto continuation = [&](uint32_t shift) {
        push(0x80U | ((code_point >> shift) & 0x3FU));
    };
    if (code_point < 0x80) {
        push(code_point);
    } else if (code_point < 0x800) {
        push(0xC0U | (code_point >> 6));
        continuation(0);
    } else if (code_point < 0x10000) {
        push(0xE0U | (code_point >> 12));
        continuation(6);
        continuation(0);
    } else {
        push(0xF0U | (code_point >> 18));
        continuation(12);
        continuation(6);
        continuation(0);
    }
}

}  // namespace alv::utf8
