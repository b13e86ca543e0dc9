// The 256 printable characters that byte-level BPE writes bytes as (GPT-2's bytes_to_unicode):
// bytes that are printable in Latin-1 stand for themselves, the others for U+0100 and up, in order.
#pragma once

#include <array>
#include <cstdint>

namespace alv::text {

constexpr uint32_t kAlphabetEnd = 0x144;  // one past the highest code point

struct ByteAlphabet {
    std::array<uint16_t, 256> code_point{};
    std::array<int16_t, kAlphabetEnd> byte{};  // -1: not in the alphabet
};

constexpr ByteAlphabet make_byte_alphabet() {
    ByteAlphabet alphabet;
    for (auto& byte : alphabet.byte) byte = -1;
    uint16_t next = 0x100;
    for (uint16_t b = 0; b < 256; ++b) {
        const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        const uint16_t code_point = printable ? b : next++;
        alphabet.code_point[b] = code_point;
        alphabet.byte[code_point] = static_cast<int16_t>(b);
    }
    return alphabet;
}

inline constexpr ByteAlphabet kByteAlphabet = make_byte_alphabet();

}  // namespace alv::text
