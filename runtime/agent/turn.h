// One reply of the assistant from the user's message to the last word: retrieval, generation, calls
// of tools, generation again. A state machine that the engine's thread moves.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/conversation.h"
#include "agent/filter.h"
#include "agent/passage_search.h"
#include "agent/reply_output.h"
#include "agent/tool_loop.h"
#include "engine/engine.h"
#include "engine/task.h"

namespace alv::agent {

struct TurnSetup {
    std::shared_ptr<Conversation> conversation;  // begin_reply() was called
    // Not kept alive: the engine keeps the turn.
    std::weak_ptr<engine::Engine> engine;
    std::weak_ptr<engine::Conversation> cache;
    std::weak_ptr<engine::TaskRunner> runner;
    std::shared_ptr<engine::EventSink> sink;
    std::weak_ptr<HostCalls> host;
    engine::Request request;  // all but the messages and the tools
    ToolList tools;
    ToolSettings tool_settings;
    Filters input_filters;
    Filters output_filters;
    std::vector<PassageSource> sources;
    RetrievalSettings retrieval;
    CountMessages count_messages;
    CountText count_text;
};

// As a ticket: cancelling drops what the host still works on. As a sink: of the engine's requests.
class Turn : public engine::Task,
             public engine::EventSink,
             public engine::Ticket,
             public std::enable_shared_from_this<Turn> {
  public:
    explicit Turn(TurnSetup setup);
    ~Turn() override;

    void cancel() override;  // any thread
    engine::TaskClock::time_point run(engine::TaskClock::time_point now) override;
    bool on_event(engine::Event event) override;

  private:
    using Time = engine::TaskClock::time_point;
    enum class Phase { kStart, kRetrieving, kSubmit, kGenerating, kRoundDone, kCalling, kOver };

    Time advance(Time now);
    // The phases. Each gives back when it has to be looked at again, Time::min() for at once.
    Time run_phase(Time now);
    Time start(Time now);
    Time await_sources(Time now);
    Time submit(Time now);
    Time end_round(Time now);
    Time await_calls(Time now);

    Result<bool> filter_input();
    Result<engine::Request> next_request(Time now) const;
    Status build_prompt(engine::Prompt& prompt) const;
    uint32_t n_calls_so_far() const;
    void set_ticket(std::shared_ptr<engine::Ticket> ticket);

    void add_results();
    void finish(engine::FinishReason reason);
    void fail(Status status);
    void end(engine::Event last);
    void wake() const;

    TurnSetup setup_;
    std::atomic<bool> cancelled_{false};
    std::mutex ticket_mutex_;
    std::shared_ptr<engine::Ticket> ticket_;  // of the request in flight

    // By the engine's thread only, from here on.
    Phase phase_ = Phase::kStart;
    ReplyOutput output_;
    ToolLoop tools_;
    std::string question_;
    std::optional<PassageSearch> search_;
    std::vector<engine::Message> said_;  // what the reply adds to the conversation
    std::vector<engine::ToolCall> round_calls_;
    std::optional<engine::Event> round_end_;
};

}  // namespace alv::agent
