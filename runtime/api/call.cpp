#include "api/call.h"

#include <cstring>

#include "base/utf8.h"

#ifndef _WIN32
#include <unistd.h>
#endif

namespace alv::api {

alv_status report(const char* source, const Status& status, alv_error** out_error) noexcept {
    if (status.ok()) return ALV_STATUS_OK;
    const auto code = static_cast<alv_status>(status.code());
    if (!out_error) return code;
    *out_error = nullptr;
    try {
        *out_error = new alv_error{code, status.message(), source};
    } catch (...) {
        // The code alone has to do.
    }
    return code;
}

Status require(const void* argument, const char* name) {
    if (argument) return ok_status();
    return invalid_argument(std::string(name) + " is NULL");
}

int64_t process_id() {
#ifdef _WIN32
    return 0;
#else
    return static_cast<int64_t>(::getpid());
#endif
}

Result<std::string_view> read_string(alv_string text, const char* name) {
    if (!text.data) {
        if (text.size == 0) return std::string_view();
        return invalid_argument(std::string(name) + " has a size but its data is NULL");
    }
    const size_t size = text.size == ALV_STRING_NUL ? std::strlen(text.data) : text.size;
    const std::string_view view(text.data, size);
    if (const size_t valid = utf8::valid_prefix(view); valid != size) {
        return invalid_argument(std::string(name) + " is not UTF-8 at byte " +
                                std::to_string(valid));
    }
    return view;
}

alv_string view_of(const std::string& text) {
    return {text.c_str(), text.size()};
}

}  // namespace alv::api
