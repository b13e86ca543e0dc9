#include "convert/json_text.h"

namespace alv::convert {

namespace {

constexpr int kMaxDepth = 64;

// Looks at brackets outside of strings, so that no parser meets what nests deeper.
bool is_shallow(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kMaxDepth) return false;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return true;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& what) {
    if (!is_shallow(text)) return corrupt_file(what + ": nested deeper than 64");
    Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (json.is_discarded()) return corrupt_file(what + ": is no JSON");
    return json;
}

}  // namespace alv::convert
