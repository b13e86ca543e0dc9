// SHA-256 (FIPS 180-4): what tells a changed document from one that is there already.
#pragma once

#include <string>
#include <string_view>

namespace alv::knowledge {

// 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace alv::knowledge
