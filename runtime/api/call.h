// What every exported function does around its work: exceptions to status, status to alv_error.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "alviss/status.h"
#include "base/status.h"

struct alv_error {
    alv_status code = ALV_STATUS_OK;
    std::string message;
    std::string source;
};

namespace alv::api {

// Hands `status` out as code and, where asked for, as error. Never throws.
alv_status report(const char* source, const Status& status, alv_error** out_error) noexcept;

// Runs `body` (which returns a Status) for the exported function `source`.
template <typename Body>
alv_status call(const char* source, alv_error** out_error, Body&& body) noexcept {
    try {
        return report(source, std::forward<Body>(body)(), out_error);
    } catch (const std::bad_alloc&) {
        if (out_error) *out_error = nullptr;
        return ALV_STATUS_OUT_OF_HOST_MEMORY;
    } catch (...) {
        if (out_error) *out_error = nullptr;
        return ALV_STATUS_INTERNAL;
    }
}

// For exported functions that return nothing or a plain value.
template <typename Body>
auto call_plain(Body&& body) noexcept -> decltype(body()) {
    try {
        return std::forward<Body>(body)();
    } catch (...) {
        return decltype(body())();
    }
}

Status require(const void* argument, const char* name);

// The number of this process; 0 where processes can't fork.
int64_t process_id();

// Text as the caller gave it: NULL, NUL-terminated and UTF-8 checked. `name` is the argument's.
Result<std::string_view> read_string(alv_string text, const char* name);
alv_string view_of(const std::string& text);

}  // namespace alv::api

#define ALV_REQUIRE(argument) ALV_RETURN_IF_ERROR(::alv::api::require(argument, #argument))
