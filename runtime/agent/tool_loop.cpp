#include "agent/tool_loop.h"

#include <algorithm>
#include <new>

namespace alv::agent {
namespace {

constexpr ToolLoop::Time kAtOnce = ToolLoop::Time::min();

}  // namespace

ToolLoop::ToolLoop(ToolList tools, ToolSettings settings, std::weak_ptr<HostCalls> host,
                   std::function<void()> wake)
    : tools_(std::move(tools)),
      settings_(std::move(settings)),
      host_(std::move(host)),
      wake_(std::move(wake)) {}

ToolLoop::~ToolLoop() {
    for (const Running& running : running_) running.call->close(PendingCall::State::kCancelled);
}

engine::ToolUse ToolLoop::use(Time now) const {
    engine::ToolUse use;
    if (tools_.empty()) return use;
    for (const auto& tool : tools_) use.tools.push_back(tool->spec);
    use.choice = settings_.choice;
    use.tool_name = settings_.tool_name;
    use.parallel = settings_.parallel;
    if (n_rounds_ == 0) return use;
    // One call was what had to be: from now on the model may answer, and at the limits it must.
    const bool at_limit =
        n_rounds_ >= settings_.max_rounds || n_calls_ >= settings_.max_calls || out_of_time(now);
    if (at_limit) {
        use.choice = engine::ToolChoice::kNone;
    } else if (use.choice != engine::ToolChoice::kNone) {
        use.choice = engine::ToolChoice::kAuto;
    }
    return use;
}

void ToolLoop::begin_round(std::vector<engine::ToolCall> calls, Time now) {
    if (!loop_end_ && settings_.time_limit.count() > 0) loop_end_ = now + settings_.time_limit;
    ++n_rounds_;
    calls_ = std::move(calls);
    outcomes_.assign(calls_.size(), {});
    next_call_ = 0;
    in_round_ = true;
}

std::optional<ToolLoop::Time> ToolLoop::advance(Time now, const Tell& tell) {
    bool moved = false;
    for (size_t i = 0; i < running_.size();) {
        if (!running_[i].call->closed() && now < running_[i].deadline) {
            ++i;
            continue;
        }
        moved = true;
        const Running running = running_[i];
        running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
        if (!settle(running, tell)) return kAtOnce;
    }
    for (; next_call_ < calls_.size(); ++next_call_) {
        const auto tool = find_tool(tools_, calls_[next_call_].name);
        if (has_to_wait(tool.get())) break;
        moved = true;
        if (!make_call(next_call_, tool, now, tell)) return kAtOnce;
    }
    // At once: a call may be answered by now, and the reply be cancelled.
    if (moved) return kAtOnce;
    if (running_.empty()) return std::nullopt;
    Time next = Time::max();
    for (const Running& running : running_) next = std::min(next, running.deadline);
    return next;
}

// For those that run.
bool ToolLoop::has_to_wait(const Tool* tool) const {
    const bool alone = !tool || !tool->parallel;
    return !running_.empty() && (alone || !running_.front().tool->parallel);
}

// Why not, in words for the model.
Status ToolLoop::may_call(const Tool* tool, const engine::ToolCall& call, Time now) const {
    if (!tool) {
        std::string names;
        for (const auto& known : tools_) names += " " + known->spec.name;
        return not_found("there is no tool named " + call.name + "; the tools are:" + names);
    }
    if (n_calls_ >= settings_.max_calls) {
        return limit_exceeded("no more calls are possible: answer with what you know");
    }
    if (out_of_time(now)) {
        return limit_exceeded("there is no time for more calls: answer with what you know");
    }
    if (!tool->check) return ok_status();
    const Status checked = tool->check(call.arguments);
    return checked.ok() ? ok_status()
                        : invalid_argument("the arguments are wrong: " + checked.message());
}

bool ToolLoop::make_call(size_t index, const std::shared_ptr<const Tool>& tool, Time now,
                         const Tell& tell) {
    const engine::ToolCall& call = calls_[index];
    if (const Status may = may_call(tool.get(), call, now); !may.ok()) {
        return put_result(index, error_result(may.message()), true, tell);
    }
    ++n_calls_;
    const auto host = host_.lock();
    if (!host) return put_result(index, error_result("the host is gone"), true, tell);
    Time deadline = now + tool->timeout;
    if (loop_end_) deadline = std::min(deadline, *loop_end_);
    auto pending = std::make_shared<PendingCall>(call, tool->max_result_bytes, wake_);
    running_.push_back({index, tool, pending, deadline});
    host->post([handler = tool->handler, pending] {
        if (pending->closed()) return;  // cancelled or late before its turn came
        try {
            const Status status = handler->call(pending);
            if (!status.ok()) static_cast<void>(pending->reply(status.message(), true));
        } catch (const std::bad_alloc&) {
            pending->out_of_memory();
        }
    });
    return true;
}

bool ToolLoop::settle(const Running& running, const Tell& tell) {
    if (running.call->close(PendingCall::State::kTimedOut)) {
        tell_host_to_drop(running);
        return put_result(running.index, error_result("the tool did not answer in time"), true,
                          tell);
    }
    if (running.call->state() == PendingCall::State::kNoMemory) throw std::bad_alloc();
    const bool failed = running.call->is_error();
    const std::string& result = running.call->result();
    return put_result(running.index, failed ? error_result(result) : result, failed, tell);
}

bool ToolLoop::put_result(size_t index, std::string content, bool failed, const Tell& tell) {
    outcomes_[index] = {content, true};
    engine::Event event;
    event.type = engine::EventType::kToolResult;
    event.tool_call = calls_[index];
    event.text = std::move(content);
    event.failed = failed;
    return tell(std::move(event));
}

std::vector<engine::Message> ToolLoop::take_results() {
    std::vector<engine::Message> messages;
    for (size_t i = 0; i < calls_.size(); ++i) {
        std::string& content = outcomes_[i].content;
        if (!outcomes_[i].there) content = error_result("the call was cancelled");
        messages.push_back({"tool", std::move(content), {}, calls_[i].id, calls_[i].name});
    }
    in_round_ = false;
    return messages;
}

void ToolLoop::tell_host_to_drop(const Running& running) const {
    const auto host = host_.lock();
    if (!host) return;
    host->post([handler = running.tool->handler, call = running.call] { handler->drop(*call); });
}

void ToolLoop::end() {
    for (const Running& running : running_) {
        if (running.call->close(PendingCall::State::kCancelled)) tell_host_to_drop(running);
    }
    running_.clear();
    tools_.clear();
}

}  // namespace alv::agent
