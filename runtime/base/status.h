// Errors are values: Status for calls that return nothing, Result<T> for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace alv {

// The numbers are those of alv_status in include/alviss/status.h (a test compares them).
enum class Code : int32_t {
    kOk = 0,
    kInvalidArgument = 10,
    kNotFound = 20,
    kUnsupported = 30,
    kOutOfHostMemory = 40,
    kOutOfDeviceMemory = 50,
    kDeviceLost = 60,
    kCancelled = 70,
    kWouldBlock = 80,
    kTimeout = 90,
    kCorruptFile = 100,
    kCallbackFailed = 110,
    kLimitExceeded = 120,
    kInvalidState = 130,
    kIoError = 140,
    kInternal = 150,
};

// What a status of out of host memory says when it could not afford words of its own.
inline const std::string kNoHostMemory = "no memory left: free some, then try again";

// Code plus a message that says what to do. An OK status owns no memory.
class [[nodiscard]] Status {
  public:
    Status() = default;
    Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    bool ok() const { return code_ == Code::kOk; }
    Code code() const { return code_; }
    const std::string& message() const {
        return code_ == Code::kOutOfHostMemory && message_.empty() ? kNoHostMemory : message_;
    }

    // Puts `context: ` before the message, so that an error names the way it came up.
    Status& annotate(const std::string& context) {
        if (!ok()) message_ = context + ": " + message();
        return *this;
    }

  private:
    Code code_ = Code::kOk;
    std::string message_;
};

inline Status ok_status() {
    return {};
}
inline Status invalid_argument(std::string m) {
    return {Code::kInvalidArgument, std::move(m)};
}
inline Status not_found(std::string m) {
    return {Code::kNotFound, std::move(m)};
}
inline Status unsupported(std::string m) {
    return {Code::kUnsupported, std::move(m)};
}
inline Status out_of_host_memory(std::string m) {
    return {Code::kOutOfHostMemory, std::move(m)};
}
// Without a message it takes no memory, so that it can be made when there is none.
inline Status out_of_host_memory() noexcept {
    return {Code::kOutOfHostMemory, {}};
}
inline Status out_of_device_memory(std::string m) {
    return {Code::kOutOfDeviceMemory, std::move(m)};
}
inline Status device_lost(std::string m) {
    return {Code::kDeviceLost, std::move(m)};
}
inline Status cancelled(std::string m) {
    return {Code::kCancelled, std::move(m)};
}
inline Status corrupt_file(std::string m) {
    return {Code::kCorruptFile, std::move(m)};
}
inline Status limit_exceeded(std::string m) {
    return {Code::kLimitExceeded, std::move(m)};
}
inline Status invalid_state(std::string m) {
    return {Code::kInvalidState, std::move(m)};
}
inline Status io_error(std::string m) {
    return {Code::kIoError, std::move(m)};
}
inline Status internal_error(std::string m) {
    return {Code::kInternal, std::move(m)};
}

// A value or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {}

    bool ok() const { return state_.index() == 0; }
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    Status status() const& { return ok() ? Status() : std::get<1>(state_); }
    Status status() && { return ok() ? Status() : std::get<1>(std::move(state_)); }

  private:
    std::variant<T, Status> state_;
};

}  // namespace alv

#define ALV_CONCAT_INNER(a, b) a##b
#define ALV_CONCAT(a, b) ALV_CONCAT_INNER(a, b)

// Leaves the function with the Status of `expr` unless it is OK.
#define ALV_RETURN_IF_ERROR(expr)                                                      \
    do {                                                                               \
        if (::alv::Status alv_status_ = (expr); !alv_status_.ok()) return alv_status_; \
    } while (false)

// `lhs = value of expr`, or leaves the function with its Status. lhs may be a declaration.
#define ALV_ASSIGN_OR_RETURN(lhs, expr) \
    ALV_ASSIGN_OR_RETURN_IMPL(ALV_CONCAT(alv_result_, __LINE__), lhs, expr)
#define ALV_ASSIGN_OR_RETURN_IMPL(result, lhs, expr)     \
    auto result = (expr);                                \
    if (!result.ok()) return std::move(result).status(); \
    lhs = std::move(result).value()
