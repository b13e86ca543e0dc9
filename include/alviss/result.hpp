// What all of the C++ headers are made of: views, errors, results and owned handles. C++17.
#ifndef ALVISS_RESULT_HPP
#define ALVISS_RESULT_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "alviss.h"

namespace alviss {

// A view as the C calls take it. Borrowed until `text` goes. Since 0.1
inline alv_string to_abi(std::string_view text) {
    return alv_string{text.data(), text.size()};
}

// Borrowed as `text` is. Since 0.1
inline std::string_view to_view(alv_string text) {
    return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

// Why a call failed. Immutable, thread-safe. Since 0.1
class Error {
  public:
    Error(alv_status code, alv_error* error) : code_(code), error_(error, alv_error_release) {}
    alv_status code() const { return code_; }
    // What happened and what to do about it; the code's name when there was no memory for more.
    std::string_view message() const {
        return error_ ? to_view(alv_error_message(error_.get())) : alv_status_name(code_);
    }

  private:
    alv_status code_;
    std::shared_ptr<alv_error> error_;
};

// A value or the Error that says why there is none. Since 0.1
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() { return *std::get_if<0>(&state_); }
    const T& operator*() const { return *std::get_if<0>(&state_); }
    T* operator->() { return std::get_if<0>(&state_); }
    const T* operator->() const { return std::get_if<0>(&state_); }
    // Only of a failed call.
    const Error& error() const { return *std::get_if<1>(&state_); }

  private:
    std::variant<T, Error> state_;
};

// A call without a value. Since 0.1
using Status = Result<std::monostate>;

namespace detail {

template <typename T, void (*release)(T*)>
struct Releaser {
    void operator()(T* handle) const { release(handle); }
};
template <typename T, void (*release)(T*)>
using Owner = std::unique_ptr<T, Releaser<T, release>>;

// Calls `f(&error)`: OK, or the Error.
template <typename F>
Status run(F&& f) {
    alv_error* error = nullptr;
    const alv_status code = f(&error);
    if (code == ALV_STATUS_OK) return std::monostate();
    return Error(code, error);
}

// Calls `f(&handle, &error)`: an object around the handle, or the Error.
template <typename Object, typename Handle, typename F>
Result<Object> make(F&& f) {
    Handle* handle = nullptr;
    alv_error* error = nullptr;
    const alv_status code = f(&handle, &error);
    if (code != ALV_STATUS_OK) return Error(code, error);
    return Object(handle);
}

// Calls `f(&bytes, &error)`: a copy of the bytes, or the Error.
template <typename F>
Result<std::string> take_bytes(F&& f) {
    alv_bytes* bytes = nullptr;
    alv_error* error = nullptr;
    const alv_status code = f(&bytes, &error);
    if (code != ALV_STATUS_OK) return Error(code, error);
    const Owner<alv_bytes, alv_bytes_release> owner(bytes);
    return std::string(to_view(alv_bytes_text(bytes)));
}

// Calls `f(&info, &error)`: the struct filled in, or the Error.
template <typename T, typename F>
Result<T> fill(T info, F&& f) {
    alv_error* error = nullptr;
    const alv_status code = f(&info, &error);
    if (code != ALV_STATUS_OK) return Error(code, error);
    return info;
}

inline std::vector<int32_t> to_vector(alv_tokens* tokens) {
    const Owner<alv_tokens, alv_tokens_release> owner(tokens);
    const int32_t* first = alv_tokens_data(tokens);
    return first ? std::vector<int32_t>(first, first + alv_tokens_count(tokens))
                 : std::vector<int32_t>();
}

}  // namespace detail

}  // namespace alviss

#endif
