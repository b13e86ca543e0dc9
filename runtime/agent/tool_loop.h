// The calls of a reply: rounds of them, within limits, each brought to the host and back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/tool.h"
#include "engine/task.h"

namespace alv::agent {

struct ToolSettings {
    engine::ToolChoice choice = engine::ToolChoice::kAuto;
    std::string tool_name;                    // of kNamed
    bool parallel = false;                    // several calls in one reply
    bool by_host = false;                     // calls end the reply; the host runs them and goes on
    uint32_t max_rounds = 8;                  // with calls; then the model has to answer without
    uint32_t max_calls = 32;                  // in all rounds
    std::chrono::milliseconds time_limit{0};  // for all rounds with calls; 0: none
};

// By one thread; the host answers from any.
class ToolLoop {
  public:
    using Time = engine::TaskClock::time_point;
    // Told of each result. False: the host wants to hear no more.
    using Tell = std::function<bool(engine::Event)>;

    // `wake` is called when the host has answered, by any thread.
    ToolLoop(ToolList tools, ToolSettings settings, std::weak_ptr<HostCalls> host,
             std::function<void()> wake);
    // Calls that wait are closed; the host is not told.
    ~ToolLoop();
    ToolLoop(const ToolLoop&) = delete;
    ToolLoop& operator=(const ToolLoop&) = delete;

    // What the next request may call, without n_calls_before. No tools: nothing.
    engine::ToolUse use(Time now) const;
    bool by_host() const { return settings_.by_host; }

    void begin_round(std::vector<engine::ToolCall> calls, Time now);
    // Makes the calls that can be made and takes the results that are there. Gives back when it has
    // to be called again; Time::min() for at once, nothing when each call has its result. Throws
    // bad_alloc where a call met it.
    std::optional<Time> advance(Time now, const Tell& tell);
    // A message a call, in their order; those without a result were cancelled. Ends the round.
    std::vector<engine::Message> take_results();
    // Of a round: from begin_round() to take_results().
    bool in_round() const { return in_round_; }

    // Calls on their way are dropped, and the host is told; the host's functions are let go.
    void end();

  private:
    struct Outcome {
        std::string content;
        bool there = false;
    };
    struct Running {
        size_t index;  // among calls_
        std::shared_ptr<const Tool> tool;
        std::shared_ptr<PendingCall> call;
        Time deadline;
    };

    bool out_of_time(Time now) const { return loop_end_ && now >= *loop_end_; }
    bool has_to_wait(const Tool* tool) const;
    Status may_call(const Tool* tool, const engine::ToolCall& call, Time now) const;
    bool make_call(size_t index, const std::shared_ptr<const Tool>& tool, Time now,
                   const Tell& tell);
    bool settle(const Running& running, const Tell& tell);
    bool put_result(size_t index, std::string content, bool failed, const Tell& tell);
    void tell_host_to_drop(const Running& running) const;

    ToolList tools_;
    const ToolSettings settings_;
    const std::weak_ptr<HostCalls> host_;
    const std::function<void()> wake_;

    uint32_t n_rounds_ = 0;
    uint32_t n_calls_ = 0;          // that were made
    std::optional<Time> loop_end_;  // from the first round on
    bool in_round_ = false;
    std::vector<engine::ToolCall> calls_;
    std::vector<Outcome> outcomes_;
    size_t next_call_ = 0;
    std::vector<Running> running_;
};

}  // namespace alv::agent
