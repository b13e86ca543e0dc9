// The objects behind alv_bytes and alv_tokens.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alviss/bytes.h"

struct alv_bytes {
    std::string bytes;
};

struct alv_tokens {
    std::vector<int32_t> tokens;
};

namespace alv::api {

inline alv_bytes* make_bytes(std::string bytes) {
    return new alv_bytes{std::move(bytes)};
}
inline alv_tokens* make_tokens(std::vector<int32_t> tokens) {
    return new alv_tokens{std::move(tokens)};
}

}  // namespace alv::api
