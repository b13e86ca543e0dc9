// The C ABI with C++ ownership: header-only, on the C calls alone, C++17, no exceptions needed.
//
//   auto runtime = alviss::Runtime::create();
//   if (!runtime) return complain(runtime.error().message());
//   auto model = alviss::Model::open(*runtime, "model.gguf");
//   ...
//
// Each class owns one handle and gives it back when it goes; they can be moved, and get() has the
// handle for C calls that are not wrapped. Fallible calls return Result<T>: a value, or an Error.
// Threads, callbacks and lifetimes are those of the C headers. Since 0.1
#ifndef ALVISS_ALVISS_HPP
#define ALVISS_ALVISS_HPP

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

// See runtime.h. Since 0.1
class Runtime {
  public:
    static Result<Runtime> create(const alv_runtime_options* options = nullptr) {
        return detail::make<Runtime, alv_runtime>(
            [&](auto** out, auto** error) { return alv_runtime_create(options, out, error); });
    }
    explicit Runtime(alv_runtime* owned) : handle_(owned) {}
    alv_runtime* get() const { return handle_.get(); }

    // True if work is left.
    Result<bool> step(uint64_t budget_us) {
        uint32_t pending = 0;
        const Status status = detail::run(
            [&](auto** error) { return alv_runtime_step(get(), budget_us, &pending, error); });
        if (!status) return status.error();
        return pending != 0;
    }
    // How many events were delivered.
    Result<uint32_t> dispatch(uint32_t max_events = 0) {
        uint32_t delivered = 0;
        const Status status = detail::run([&](auto** error) {
            return alv_runtime_dispatch(get(), max_events, &delivered, error);
        });
        if (!status) return status.error();
        return delivered;
    }
    Status rebuild(const alv_vulkan_device* replacement = nullptr) {
        return detail::run(
            [&](auto** error) { return alv_runtime_rebuild(get(), replacement, error); });
    }
    Result<alv_runtime_info> info() const {
        return detail::fill(alv_runtime_info ALV_RUNTIME_INFO_INIT, [&](auto* out, auto** error) {
            return alv_runtime_get_info(get(), out, error);
        });
    }
    Result<alv_device_info> device_info() const {
        return detail::fill(alv_device_info ALV_DEVICE_INFO_INIT, [&](auto* out, auto** error) {
            return alv_runtime_get_device_info(get(), out, error);
        });
    }
    Result<std::string> pipeline_cache() const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_runtime_pipeline_cache(get(), out, error);
        });
    }

  private:
    detail::Owner<alv_runtime, alv_runtime_release> handle_;
};

// See model.h. Since 0.1
class Model {
  public:
    static Result<Model> open(const Runtime& runtime, const alv_model_options& options) {
        return detail::make<Model, alv_model>([&](auto** out, auto** error) {
            return alv_model_open(runtime.get(), &options, out, error);
        });
    }
    static Result<Model> open(const Runtime& runtime, std::string_view path) {
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.path = to_abi(path);
        return open(runtime, options);
    }
    explicit Model(alv_model* owned) : handle_(owned) {}
    alv_model* get() const { return handle_.get(); }

    Status wait(uint64_t timeout_us = UINT64_MAX) {
        return detail::run([&](auto** error) { return alv_model_wait(get(), timeout_us, error); });
    }
    Status cancel() {
        return detail::run([&](auto** error) { return alv_model_cancel(get(), error); });
    }
    Result<alv_model_progress> progress() const {
        return detail::fill(
            alv_model_progress ALV_MODEL_PROGRESS_INIT,
            [&](auto* out, auto** error) { return alv_model_get_progress(get(), out, error); });
    }
    Result<alv_model_info> info() const {
        return detail::fill(alv_model_info ALV_MODEL_INFO_INIT, [&](auto* out, auto** error) {
            return alv_model_get_info(get(), out, error);
        });
    }
    Result<std::vector<int32_t>> tokenize(std::string_view text, uint32_t flags = 0) const {
        alv_tokens* tokens = nullptr;
        const Status status = detail::run([&](auto** error) {
            return alv_model_tokenize(get(), to_abi(text), flags, &tokens, error);
        });
        if (!status) return status.error();
        return detail::to_vector(tokens);
    }
    Result<std::string> detokenize(const std::vector<int32_t>& tokens, uint32_t flags = 0) const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_model_detokenize(get(), tokens.data(), tokens.size(), flags, out, error);
        });
    }

  private:
    detail::Owner<alv_model, alv_model_release> handle_;
};

// See generation.h. Since 0.1
class Generation {
  public:
    explicit Generation(alv_generation* owned) : handle_(owned) {}
    alv_generation* get() const { return handle_.get(); }

    // Borrowed until the next poll or wait.
    Result<const alv_event*> poll() {
        const alv_event* event = nullptr;
        const Status status =
            detail::run([&](auto** error) { return alv_generation_poll(get(), &event, error); });
        if (!status) return status.error();
        return event;
    }
    Result<const alv_event*> wait(uint64_t timeout_us = UINT64_MAX) {
        const alv_event* event = nullptr;
        const Status status = detail::run(
            [&](auto** error) { return alv_generation_wait(get(), timeout_us, &event, error); });
        if (!status) return status.error();
        return event;
    }
    Status cancel() {
        return detail::run([&](auto** error) { return alv_generation_cancel(get(), error); });
    }
    Result<alv_usage> usage() const {
        return detail::fill(alv_usage ALV_USAGE_INIT, [&](auto* out, auto** error) {
            return alv_generation_get_usage(get(), out, error);
        });
    }

  private:
    detail::Owner<alv_generation, alv_generation_release> handle_;
};

// See session.h. Since 0.1
class Session {
  public:
    static Result<Session> create(const Model& model,
                                  const alv_session_options* options = nullptr) {
        return detail::make<Session, alv_session>([&](auto** out, auto** error) {
            return alv_session_create(model.get(), options, out, error);
        });
    }
    explicit Session(alv_session* owned) : handle_(owned) {}
    alv_session* get() const { return handle_.get(); }

    Status append(std::string_view role, std::string_view content) {
        return detail::run([&](auto** error) {
            return alv_session_append(get(), to_abi(role), to_abi(content), error);
        });
    }
    Status truncate(uint64_t n_messages) {
        return detail::run(
            [&](auto** error) { return alv_session_truncate(get(), n_messages, error); });
    }
    Status clear() {
        return detail::run([&](auto** error) { return alv_session_clear(get(), error); });
    }
    uint64_t message_count() const { return alv_session_message_count(get()); }
    Result<std::string> content(uint64_t index) const {
        return detail::take_bytes([&](auto** out, auto** error) {
            return alv_session_get_message(get(), index, nullptr, out, error);
        });
    }
    Result<Generation> generate(const alv_generation_options* options = nullptr) {
        return detail::make<Generation, alv_generation>([&](auto** out, auto** error) {
            return alv_session_generate(get(), options, out, error);
        });
    }
    Result<Generation> complete(std::string_view prompt,
                                const alv_generation_options* options = nullptr) {
        return detail::make<Generation, alv_generation>([&](auto** out, auto** error) {
            return alv_session_complete(get(), to_abi(prompt), options, out, error);
        });
    }

  private:
    detail::Owner<alv_session, alv_session_release> handle_;
};

}  // namespace alviss

#endif
