// libFuzzer: the promises of utf8.h hold for any bytes, and for any place to cut them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"

namespace {

void require(bool promise) {
    if (!promise) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace alv;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string repaired = utf8::replace_invalid(text);
    require(utf8::is_valid(repaired));
    require(utf8::is_valid(text) == (repaired == text));

    const size_t prefix = utf8::valid_prefix(text);
    require(utf8::is_valid(text.substr(0, prefix)));
    require(prefix == size || !utf8::next(text, prefix).valid);

    std::string rebuilt;
    for (size_t offset = 0; offset < size;) {
        const utf8::CodePoint point = utf8::next(text, offset);
        require(point.size >= 1 && point.size <= 4 && offset + point.size <= size);
        utf8::append(rebuilt, point.code_point);
        offset += point.size;
    }
    require(rebuilt == repaired);

    // A stream cut anywhere, its tail held back: of valid text what goes out never ends in
    // half a character.
    for (size_t cut = 0; cut <= size && cut < 64; ++cut) {
        const size_t tail = utf8::incomplete_tail(text.substr(0, cut));
        require(tail <= 3 && tail <= cut);
        if (utf8::is_valid(text)) require(utf8::is_valid(text.substr(0, cut - tail)));
    }
    return 0;
}
