// Functions of the host that the model may call, and one call on its way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace alv::agent {

// A call that waits for its answer. Thread-safe.
class PendingCall : public std::enable_shared_from_this<PendingCall> {
  public:
    enum class State { kWaiting, kAnswered, kTimedOut, kCancelled, kNoMemory };

    // `wake` is called when it was answered, with no lock held.
    PendingCall(engine::ToolCall call, size_t max_result_bytes, std::function<void()> wake)
        : call_(std::move(call)), max_result_bytes_(max_result_bytes), wake_(std::move(wake)) {}

    const engine::ToolCall& call() const { return call_; }
    // Takes the answer, once. Invalid state: there is one already. Timeout, cancelled: too late.
    // Limit exceeded, invalid argument (not UTF-8): not taken, another one may be given.
    Status reply(std::string result, bool is_error);
    // There is no memory for an answer or to ask for it: ends the wait.
    void out_of_memory() noexcept;
    // Nobody waits for the answer any more, or for another one.
    bool closed() const;

    // For the host, which keeps it by counting. A call that it lets go without an answer has
    // failed.
    void host_retain();
    void host_release();

    // For who made the call. Ends the wait; false if it was over.
    bool close(State why);
    State state() const;
    // Once it was answered.
    const std::string& result() const { return result_; }
    bool is_error() const { return is_error_; }

  private:
    const engine::ToolCall call_;
    const size_t max_result_bytes_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    State state_ = State::kWaiting;
    std::string result_;
    bool is_error_ = false;
    uint64_t host_refs_ = 0;
    std::shared_ptr<PendingCall> self_;  // while the host holds it
};

// The host's function.
class ToolHandler {
  public:
    virtual ~ToolHandler() = default;
    // Answers by call->reply(), now or later. What comes back is told to the model when it is a
    // failure and the call was not answered.
    virtual Status call(std::shared_ptr<PendingCall> call) = 0;
    // The answer is no longer wanted.
    virtual void drop(PendingCall& call) = 0;
};

// Runs the host's functions where the callbacks of the generation run: at once, later, or never
// when no callback may begin any more.
class HostCalls {
  public:
    virtual ~HostCalls() = default;
    virtual void post(std::function<void()> work) = 0;
};

struct Tool {
    engine::ToolSpec spec;
    std::shared_ptr<ToolHandler> handler;
    std::chrono::milliseconds timeout{30'000};
    bool parallel = false;  // may be called again while a call is on its way
    size_t max_result_bytes = 65'536;
    // Whether the arguments are what `spec.parameters` wants; empty: any object.
    std::function<Status(std::string_view arguments)> check;
};

using ToolList = std::vector<std::shared_ptr<const Tool>>;

// Thread-safe. A reply takes the list as it was when it began.
class Tools {
  public:
    // Invalid argument: the name is not 1 to 64 of [A-Za-z0-9_-]; invalid state: it is taken.
    Status add(Tool tool);
    Status remove(std::string_view name);
    ToolList list() const;

  private:
    mutable std::mutex mutex_;
    ToolList tools_;
};

std::shared_ptr<const Tool> find_tool(const ToolList& tools, std::string_view name);

// {"error": "..."}: what the model reads of a call that failed.
std::string error_result(std::string_view message);

}  // namespace alv::agent
