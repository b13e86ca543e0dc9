// Functions that the model may call, as C++ has them: lambdas and their captures. C++17.
#ifndef ALVISS_TOOLS_HPP
#define ALVISS_TOOLS_HPP

#include <functional>

#include "result.hpp"

namespace alviss {

// One call that waits for its answer: keep it, and answer at once or later from any thread. The
// tool has failed when the last copy goes without an answer. Thread-safe. Since 0.1
class ToolCall {
  public:
    explicit ToolCall(alv_tool_call* owned) : handle_(owned, alv_tool_call_release) {}
    alv_tool_call* get() const { return handle_.get(); }

    std::string_view id() const { return to_view(alv_tool_call_id(get())); }
    std::string_view name() const { return to_view(alv_tool_call_name(get())); }
    // JSON that matches the tool's schema.
    std::string_view arguments() const { return to_view(alv_tool_call_arguments(get())); }
    // An answer is waited for.
    bool is_open() const { return alv_tool_call_is_open(get()) != 0; }
    Status reply(std::string_view result) { return answer(result, 0); }
    // The model reads what went wrong.
    Status fail(std::string_view why) { return answer(why, ALV_TOOL_RESULT_ERROR); }

  private:
    Status answer(std::string_view text, uint32_t flags) {
        return detail::run(
            [&](auto** error) { return alv_tool_call_reply(get(), to_abi(text), flags, error); });
    }
    std::shared_ptr<alv_tool_call> handle_;
};

// Where and when it is called: see alv_tool_callback. An exception tells the model that the tool
// failed. Since 0.1
using ToolFunction = std::function<void(ToolCall call)>;
// The answer is no longer wanted: see alv_tool_drop_callback. Since 0.1
using ToolDrop = std::function<void(ToolCall call)>;

// See tools.h. Thread-safe. Since 0.1
class Tools {
  public:
    static Result<Tools> create() {
        return detail::make<Tools, alv_tools>(
            [](auto** out, auto** error) { return alv_tools_create(out, error); });
    }
    explicit Tools(alv_tools* owned) : handle_(owned) {}
    alv_tools* get() const { return handle_.get(); }

    // `parameters` is the JSON schema of an object; empty: the tool takes none. The function lives
    // as long as anything may call it.
    Status add(std::string_view name, std::string_view description, std::string_view parameters,
               ToolFunction function) {
        alv_tool about = ALV_TOOL_INIT;
        about.name = to_abi(name);
        about.description = to_abi(description);
        about.parameters = to_abi(parameters);
        return add(about, std::move(function));
    }
    // `about` has all but the callbacks and their user_data.
    Status add(alv_tool about, ToolFunction function, ToolDrop drop = nullptr) {
        auto handler = std::make_unique<Handler>(Handler{std::move(function), std::move(drop)});
        about.callback = call;
        about.drop = handler->drop ? dropped : nullptr;
        about.release = release;
        Handler* const taken = handler.release();  // until release() is called
        about.user_data = taken;
        Status status =
            detail::run([&](auto** error) { return alv_tools_add(get(), &about, error); });
        if (!status) delete taken;  // it was not
        return status;
    }
    Status remove(std::string_view name) {
        return detail::run(
            [&](auto** error) { return alv_tools_remove(get(), to_abi(name), error); });
    }
    uint64_t count() const { return alv_tools_count(get()); }

  private:
    struct Handler {
        ToolFunction function;
        ToolDrop drop;
    };
    static alv_status call(void* user_data, alv_tool_call* call) {
        static_cast<Handler*>(user_data)->function(ToolCall(alv_tool_call_retain(call)));
        return ALV_STATUS_OK;
    }
    static void dropped(void* user_data, alv_tool_call* call) {
        static_cast<Handler*>(user_data)->drop(ToolCall(alv_tool_call_retain(call)));
    }
    static void release(void* user_data) { delete static_cast<Handler*>(user_data); }

    detail::Owner<alv_tools, alv_tools_release> handle_;
};

}  // namespace alviss

#endif
