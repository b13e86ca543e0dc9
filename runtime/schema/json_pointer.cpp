#include "schema/json_pointer.h"

#include <algorithm>
#include <cstdlib>

namespace alv::schema {
namespace {

using Ordered = OrderedJson;

// One part of a JSON pointer in a URI fragment.
std::string undo_escapes(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(
                std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
            i += 2;
        } else if (text[i] == '~' && i + 1 < text.size()) {
            out += text[i + 1] == '1' ? '/' : '~';
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

const Ordered* part_of(const Ordered& json, const std::string& key) {
    if (json.is_object()) return json.contains(key) ? &json[key] : nullptr;
    const bool is_index =
        !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == key.npos;
    if (!json.is_array() || !is_index) return nullptr;
    const size_t index = std::stoul(key);
    return index < json.size() ? &json[index] : nullptr;
}

}  // namespace

std::string pointer_step(const std::string& path, std::string_view key) {
    std::string out = path + "/";
    for (const char c : key) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

Place follow_pointer(const Ordered& root, std::string_view pointer) {
    Place at{&root, "#"};
    for (size_t from = 2; at.json && from <= pointer.size();) {
        const size_t slash = std::min(pointer.find('/', from), pointer.size());
        const std::string key = undo_escapes(pointer.substr(from, slash - from));
        from = slash + 1;
        at = {part_of(*at.json, key), pointer_step(at.path, key)};
    }
    return at;
}

}  // namespace alv::schema
