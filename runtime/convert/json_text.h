// JSON of a file that nobody vouches for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/status.h"

namespace alv::convert {

using Json = nlohmann::json;

// Corrupt file, naming `what`, unless it is JSON that nests at most 64 deep.
Result<Json> parse_json(std::string_view text, const std::string& what);

}  // namespace alv::convert
