#include "convert/json_text.h"

namespace alv::convert {

namespace {

constexpr uint32_t kMaxDepth = 64;

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& what) {
    if (json_depth(text) > kMaxDepth) return corrupt_file(what + ": nested deeper than 64");
    Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (json.is_discarded()) return corrupt_file(what + ": is no JSON");
    return json;
}

}  // namespace alv::convert
