// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alv::utf8 {

constexpr char32_t kReplacement = 0xFFFD;

// One code point read from text. Of invalid bytes: valid == false, code_point == U+FFFD, and size
// covers the maximal subpart (Unicode 3.9, "substitution of maximal subparts"): >= 1 unless the
// text is at its end.
struct CodePoint {
    char32_t code_point = kReplacement;
    uint32_t size = 0;  // bytes
    bool valid = false;
};

// Reads the code point at `offset`; size is 0 when offset >= text.size().
CodePoint next(std::string_view text, size_t offset);

bool is_valid(std::string_view text);

// Bytes of the longest prefix that is valid UTF-8.
size_t valid_prefix(std::string_view text);

// Bytes at the end (0..3) that begin a character which the text does not finish, and which more
// bytes could still make valid. What comes before them is not looked at.
size_t incomplete_tail(std::string_view text);

// A copy in which each invalid maximal subpart is U+FFFD.
std::string replace_invalid(std::string_view text);

// Appends the encoding; a surrogate or a number above U+10FFFF becomes U+FFFD.
void append(std::string& out, char32_t code_point);

}  // namespace alv::utf8
