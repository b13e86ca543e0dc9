// Writes GGUF values as JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "gguf/reader.h"

namespace alv::api {

void append_json_string(std::string& out, std::string_view text);

// The value of an entry; of an array at most the first `max_elements`.
Result<std::string> entry_to_json(const gguf::Reader& reader, const gguf::Entry& entry,
                                  uint64_t max_elements);

std::string_view type_name(gguf::ValueType type);

}  // namespace alv::api
