// Text as it is compared when a reader's eye is what counts: NFKC, case folded, without characters
// that show nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alv::text {

struct Folded {
    std::string text;
    // Where in the source each byte of `text` came from, and at the end the source's size.
    std::vector<uint32_t> origin;
    // And where in the source that ends, without what shows nothing after it.
    std::vector<uint32_t> origin_end;
    // Of `text`: what stands before it stays as it is when the source goes on.
    size_t settled = 0;
};

// `source` is UTF-8 of less than 4 GiB.
Folded fold(std::string_view source);

}  // namespace alv::text
