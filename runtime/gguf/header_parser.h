// From bytes to entries and tensors, checking every length and offset on the way.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "gguf/header_window.h"
#include "gguf/limits.h"
#include "gguf/reader.h"

namespace alv::gguf {

struct Header {
    uint32_t version = 0;
    uint64_t alignment = kDefaultAlignment;
    std::vector<Entry> entries;
    std::vector<TensorInfo> tensors;
    // Positions in entries and tensors, in the order of key and name.
    std::vector<uint32_t> entries_by_key;
    std::vector<uint32_t> tensors_by_name;
};

Result<Header> parse_header(HeaderWindow& window);

// Bytes of one value; 0 for strings and arrays, which say their own size.
uint64_t value_size(ValueType type);

}  // namespace alv::gguf
