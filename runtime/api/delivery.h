// Brings the events of one generation to the host: by its callback or by polling.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/conversation.h"
#include "agent/turn.h"
#include "alviss/generation.h"
#include "api/call.h"
#include "api/callback_gate.h"
#include "api/dispatcher.h"
#include "engine/engine.h"

namespace alv::api {

alv_usage to_abi(const engine::Usage& usage);

// An event with all that its alv_event points to.
class EventView {
  public:
    EventView() = default;
    explicit EventView(engine::Event event) { show(std::move(event)); }
    // Takes no memory but for `top` and a failure's message, without which it does.
    void show(engine::Event event);
    EventView(const EventView&) = delete;
    EventView& operator=(const EventView&) = delete;
    const alv_event* abi() const { return &abi_; }
    const engine::Event& event() const { return event_; }
    bool last() const;

  private:
    engine::Event event_;
    std::vector<alv_token_logprob> top_;
    alv_usage usage_{};
    alv_error error_{};
    alv_event abi_{};
};

// Thread-safe. Knows no runtime: the scheduler may hold it for as long as it likes.
class Delivery : public engine::EventSink,
                 public agent::HostCalls,
                 public Deliverable,
                 public std::enable_shared_from_this<Delivery> {
  public:
    struct Options {
        alv_generation* handle = nullptr;
        alv_generation_callback callback = nullptr;
        void* user_data = nullptr;
        std::shared_ptr<Dispatcher> dispatcher;        // null: callbacks run where the events arise
        std::shared_ptr<agent::Conversation> history;  // null: a turn takes care of it
        bool append_reply = false;
    };
    explicit Delivery(Options options);

    bool on_event(engine::Event event) override;
    void deliver_next() override;
    void post(std::function<void()> work) override;

    // The next event: borrowed until the next call. Would block; invalid state after the last.
    Result<const alv_event*> poll();
    // True if poll() would not block.
    bool ready() const;
    bool wait(std::chrono::steady_clock::time_point deadline) const;
    engine::Usage usage() const;
    // Callbacks may begin: the handle is whole.
    void open() { gate_.open(); }
    // No callback begins any more; waits for one that runs on another thread.
    void close();

  private:
    using Queue = std::list<std::unique_ptr<EventView>>;
    bool take(engine::Event event);
    void take_last(engine::Event event) noexcept;
    engine::Event callback_failure() const;
    void settle(const engine::Event& event);
    void run_callback(const EventView& event);

    const Options options_;
    CallbackGate gate_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Queue queue_;
    // Made in good time, empty: the last event comes even when there is no memory for it.
    Queue last_;
    Dispatcher::Slot last_slot_;
    std::unique_ptr<EventView> current_;  // that poll() handed out
    bool ended_ = false;                  // the last event was handed out
    bool callback_failed_ = false;
    std::string reply_;
    engine::Usage usage_;
};

}  // namespace alv::api
