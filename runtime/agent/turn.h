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
#include "agent/passages.h"
#include "agent/tool.h"
#include "engine/engine.h"
#include "engine/task.h"

namespace alv::agent {

// Runs the host's functions where the callbacks of the generation run: at once, later, or never
// when no callback may begin any more.
class HostCalls {
  public:
    virtual ~HostCalls() = default;
    virtual void post(std::function<void()> work) = 0;
};

// A retriever of the session.
struct PassageSource {
    std::shared_ptr<engine::Retriever> retriever;
    std::string name;         // the source of passages that name none
    uint32_t k = 4;           // passages to ask for
    std::string filter_json;  // in the retriever's own language
};

struct ToolSettings {
    engine::ToolChoice choice = engine::ToolChoice::kAuto;
    std::string tool_name;                    // of kNamed
    bool parallel = false;                    // several calls in one reply
    bool by_host = false;                     // calls end the reply; the host runs them and goes on
    uint32_t max_rounds = 8;                  // with calls; then the model has to answer without
    uint32_t max_calls = 32;                  // in all rounds
    std::chrono::milliseconds time_limit{0};  // for all rounds with calls; 0: none
};

struct RetrievalSettings {
    uint32_t token_budget = 1024;  // of the passages in the prompt; 0: none
    std::chrono::milliseconds timeout{10'000};
    std::string prompt_template;  // {context} and {question}
};

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
    struct Running {
        size_t index;  // among round_calls_
        std::shared_ptr<const Tool> tool;
        std::shared_ptr<PendingCall> call;
        Time deadline;
    };
    struct Search;  // what the sources have answered so far

    // The phases. Each gives back when it has to be looked at again, Time::min() for at once.
    Time start(Time now);
    Time await_sources(Time now);
    Time submit();
    Time end_round(Time now);
    Time await_calls(Time now);

    Time advance(Time now);
    Status filter_input();
    bool start_call(size_t index, Time now);
    void settle_call(const Running& running);
    void put_result(size_t index, std::string content, bool failed);
    void drop_calls(PendingCall::State why);
    void drop_search();
    Status build_prompt(engine::Prompt& prompt);
    engine::ToolUse tool_use() const;

    bool emit(engine::Event event);
    bool emit_text(std::string text);
    bool flush_filter();
    bool take_filtered(Result<std::string> text);
    void count_usage(const engine::Usage& usage, bool last);
    void finish(engine::FinishReason reason);
    void fail(Status status);
    void end(engine::Event last);
    void wake() const;
    std::function<void()> waker() const;

    TurnSetup setup_;
    const bool filters_output_;
    std::shared_ptr<engine::EventSink> sink_;
    std::atomic<bool> cancelled_{false};
    std::mutex ticket_mutex_;
    std::shared_ptr<engine::Ticket> ticket_;  // of the request in flight

    // By the engine's thread only, from here on.
    Phase phase_ = Phase::kStart;
    bool host_failed_ = false;
    Time now_{};
    std::optional<Time> loop_end_;  // of the rounds with calls

    std::shared_ptr<Search> search_;
    std::string question_;
    std::vector<Passage> passages_;
    CitationFinder citations_{0};

    uint32_t n_rounds_ = 0;  // that had calls
    uint32_t n_calls_ = 0;
    std::vector<engine::Message> said_;  // what the reply adds to the conversation
    std::string round_text_;
    std::vector<engine::ToolCall> round_calls_;
    std::vector<std::string> round_results_;
    std::vector<bool> answered_;
    size_t next_call_ = 0;
    std::vector<Running> running_;
    std::optional<engine::Event> round_end_;
    std::optional<FilterStream> filter_;
    Status filter_status_;
    engine::Usage usage_;  // of the rounds that are over
    engine::Usage shown_;  // and of the one that runs
};

}  // namespace alv::agent
