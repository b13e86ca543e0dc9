// Structs whose first field is their size: read from older and newer hosts, filled in for them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "api/call.h"

namespace alv::api {

constexpr uint32_t kMaxStructSize = 4096;

// `name` is the struct's, for messages.
inline Status check_size(uint32_t size, const char* name) {
    if (size >= 8 && size % 8 == 0 && size <= kMaxStructSize) return ok_status();
    return invalid_argument(std::string(name) + ".struct_size is " + std::to_string(size) +
                            ": begin with the INIT macro of the struct");
}

// The fields that the caller's struct has, and the defaults for the rest. NULL: all defaults.
template <typename T>
Result<T> read_struct(const T* from, const T& defaults, const char* name) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
    if (!from) return defaults;
    uint32_t size = 0;
    std::memcpy(&size, from, sizeof size);
    ALV_RETURN_IF_ERROR(check_size(size, name));
    T out = defaults;
    std::memcpy(&out, from, std::min<size_t>(size, sizeof(T)));
    out.struct_size = sizeof(T);
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    for (size_t i = sizeof(T); i < size; ++i) {
        if (bytes[i] == 0) continue;
        return invalid_argument(std::string(name) + " has a field set that this version (" +
                                std::to_string(sizeof(T)) + " bytes) does not know, at byte " +
                                std::to_string(i));
    }
    return out;
}

// Writes as much of `value` as the caller's struct has room for.
template <typename T>
Status fill_struct(T* out, T value, const char* name) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
    if (!out) return invalid_argument(std::string(name) + " to fill in is NULL");
    uint32_t size = 0;
    std::memcpy(&size, out, sizeof size);
    ALV_RETURN_IF_ERROR(check_size(size, name));
    value.struct_size = size;
    std::memcpy(out, &value, std::min<size_t>(size, sizeof(T)));
    if (size > sizeof(T)) {
        std::memset(reinterpret_cast<unsigned char*>(out) + sizeof(T), 0, size - sizeof(T));
    }
    return ok_status();
}

// alv_..._init: the defaults as far as the caller's struct goes.
template <typename T>
void init_struct(T* out, uint32_t size, T defaults) {
    if (!out || !check_size(size, "").ok()) return;
    defaults.struct_size = size;
    std::memcpy(out, &defaults, std::min<size_t>(size, sizeof(T)));
    if (size > sizeof(T)) {
        std::memset(reinterpret_cast<unsigned char*>(out) + sizeof(T), 0, size - sizeof(T));
    }
}

inline Status check_flags(uint32_t flags, uint32_t known, const char* name) {
    if ((flags & ~known) == 0) return ok_status();
    return invalid_argument(std::string(name) +
                            " has unknown bits: " + std::to_string(flags & ~known));
}

inline Status check_reserved(uint32_t reserved, const char* name) {
    if (reserved == 0) return ok_status();
    return invalid_argument(std::string(name) + ".reserved is not 0");
}

}  // namespace alv::api
