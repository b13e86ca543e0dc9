// The little of Unicode that Python's str methods need: code points, blanks, simple case mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alv::text::jinja {

struct CodePoint {
    uint32_t value;  // a byte that is no UTF-8 stands for itself, as U+DC00 + byte
    uint32_t size;   // bytes
};
CodePoint decode_at(std::string_view text, size_t offset);
CodePoint decode_before(std::string_view text, size_t end);  // the last one of text[0, end)
void append_utf8(std::string& out, uint32_t code_point);

size_t count_code_points(std::string_view text);
// Byte offset of the index-th code point; the size when there are fewer.
size_t byte_offset(std::string_view text, size_t index);

bool is_space(uint32_t code_point);
// Simple mappings of Latin, Greek and Cyrillic; everything else is left as it is.
uint32_t to_upper(uint32_t code_point);
uint32_t to_lower(uint32_t code_point);
bool is_cased(uint32_t code_point);
bool is_digit(uint32_t code_point);
bool is_alpha(uint32_t code_point);

}  // namespace alv::text::jinja
