// Places in a JSON document: "#/a/0/b~1c".
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace alv::schema {

// The pointer to a part of what `path` points to.
std::string pointer_step(const std::string& path, std::string_view key);

struct Place {
    const OrderedJson* json = nullptr;  // null: it is not there
    std::string path;                   // written in the one way of pointer_step()
};
// Where "#" or "#/..." leads, as a fragment of a URI.
Place follow_pointer(const OrderedJson& root, std::string_view pointer);

}  // namespace alv::schema
