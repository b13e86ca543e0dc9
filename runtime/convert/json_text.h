// JSON of a file that nobody vouches for.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace alv::convert {

// Corrupt file, naming `what`, unless it is JSON that nests at most 64 deep.
Result<Json> parse_json(std::string_view text, const std::string& what);

}  // namespace alv::convert
