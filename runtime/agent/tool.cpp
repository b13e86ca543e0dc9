#include "agent/tool.h"

#include <algorithm>
#include <new>

#include "base/json.h"
#include "base/utf8.h"

namespace alv::agent {
namespace {

constexpr size_t kMaxNameBytes = 64;

bool is_tool_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

}  // namespace

Status PendingCall::reply(std::string result, bool is_error) {
    {
        const std::lock_guard lock(mutex_);
        switch (state_) {
            case State::kWaiting:
                break;
            case State::kAnswered:
                return invalid_state("the call was answered already: the first answer counts");
            case State::kTimedOut:
                return {Code::kTimeout, "the answer is late: the tool's timeout has passed"};
            case State::kNoMemory:
                return out_of_host_memory();
            case State::kCancelled:
                return cancelled("the call was cancelled: nobody waits for the answer");
        }
        if (result.size() > max_result_bytes_) {
            return limit_exceeded("the result has " + std::to_string(result.size()) +
                                  " bytes, at most " + std::to_string(max_result_bytes_) +
                                  " are possible: shorten it, or raise max_result_bytes");
        }
        if (const size_t valid = utf8::valid_prefix(result); valid != result.size()) {
            return invalid_argument("the result is not UTF-8 at byte " + std::to_string(valid));
        }
        result_ = std::move(result);
        is_error_ = is_error;
        state_ = State::kAnswered;
    }
    wake_();
    return ok_status();
}

void PendingCall::host_retain() {
    const std::lock_guard lock(mutex_);
    if (host_refs_++ == 0) self_ = shared_from_this();
}

void PendingCall::host_release() {
    std::shared_ptr<PendingCall> self;  // goes last
    {
        const std::lock_guard lock(mutex_);
        if (host_refs_ == 0) return;
        --host_refs_;
        if (host_refs_ > 0) return;
        self = std::move(self_);
    }
    if (closed()) return;
    try {
        static_cast<void>(reply("the tool gave no answer", true));
    } catch (const std::bad_alloc&) {
        out_of_memory();
    }
}

void PendingCall::out_of_memory() noexcept {
    if (close(State::kNoMemory)) wake_();
}

bool PendingCall::closed() const {
    return state() != State::kWaiting;
}

bool PendingCall::close(State why) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kWaiting) return false;
    state_ = why;
    return true;
}

PendingCall::State PendingCall::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

Status Tools::add(Tool tool) {
    if (!is_tool_name(tool.spec.name)) {
        return invalid_argument(
            "the tool's name must be 1 to 64 letters, digits, underscores or hyphens");
    }
    const std::lock_guard lock(mutex_);
    if (find_tool(tools_, tool.spec.name)) {
        return invalid_state("there is a tool named " + tool.spec.name +
                             " already: remove it first");
    }
    tools_.push_back(std::make_shared<const Tool>(std::move(tool)));
    return ok_status();
}

Status Tools::remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const size_t n =
        std::erase_if(tools_, [&](const auto& tool) { return tool->spec.name == name; });
    return n ? ok_status() : not_found("there is no tool named " + std::string(name));
}

ToolList Tools::list() const {
    const std::lock_guard lock(mutex_);
    return tools_;
}

std::shared_ptr<const Tool> find_tool(const ToolList& tools, std::string_view name) {
    for (const auto& tool : tools) {
        if (tool->spec.name == name) return tool;
    }
    return nullptr;
}

std::string error_result(std::string_view message) {
    Json out = Json::object();
    out["error"] = message;
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace alv::agent
