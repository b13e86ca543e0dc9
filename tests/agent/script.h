// An engine that says what a script says, a clock that the test moves, and tools that do what the
// test wants.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/turn.h"

namespace alv::agent::test {

using namespace std::chrono_literals;
using engine::Event;
using engine::EventType;
using engine::FinishReason;

inline Event text_event(std::string text) {
    Event event;
    event.type = EventType::kText;
    event.text = std::move(text);
    event.usage.generated_tokens = 1;
    return event;
}
inline Event call_event(std::string id, std::string name, std::string arguments = "{}") {
    Event event;
    event.type = EventType::kToolCall;
    event.tool_call = {std::move(id), std::move(name), std::move(arguments)};
    return event;
}
inline Event done_event(FinishReason finish = FinishReason::kEndToken, uint32_t n_tokens = 3) {
    Event event;
    event.type = EventType::kDone;
    event.finish = finish;
    event.usage.prompt_tokens = 10;
    event.usage.generated_tokens = n_tokens;
    return event;
}
inline Event failed_event(Status status) {
    Event event;
    event.type = EventType::kFailed;
    event.status = std::move(status);
    return event;
}

class ScriptedEngine : public engine::Engine, public engine::TaskRunner {
  public:
    using Reply = std::vector<Event>;
    std::deque<Reply> script;
    std::vector<engine::Request> requests;
    engine::TaskClock::time_point now = engine::TaskClock::time_point(1h);
    std::function<void()> between;  // after each event

    Result<std::shared_ptr<engine::Conversation>> open(uint32_t, bool) override {
        return unsupported("not scripted");
    }
    Result<std::shared_ptr<engine::Ticket>> submit(
        engine::Request request, std::shared_ptr<engine::EventSink> sink) override {
        EXPECT_EQ(flight_, nullptr) << "one request at a time";
        requests.push_back(std::move(request));
        if (script.empty()) return internal_error("the script is over");
        flight_ = std::make_shared<Flight>();
        flight_->sink = std::move(sink);
        flight_->events.assign(script.front().begin(), script.front().end());
        script.pop_front();
        return std::shared_ptr<engine::Ticket>(flight_);
    }
    void add_task(std::shared_ptr<engine::Task> task) override {
        tasks_.push_back({std::move(task), engine::TaskClock::time_point{}});
    }
    void wake_tasks() override { woken_ = true; }

    // Works until nothing is left to do but wait.
    void work() {
        for (int i = 0; i < 10'000; ++i) {
            if (!step()) return;
        }
        ADD_FAILURE() << "it never rests";
    }
    bool step() {
        bool worked = false;
        const bool woken = std::exchange(woken_, false);
        for (size_t i = 0; i < tasks_.size(); ++i) {
            if (!woken && tasks_[i].due > now) continue;
            const auto task = tasks_[i].task;
            tasks_[i].due = task->run(now);
            worked = true;
        }
        std::erase_if(tasks_, [](const auto& t) { return t.due == engine::Task::kOver; });
        if (flight_) {
            one_event();
            worked = true;
        }
        return worked || woken_;
    }
    void pass(std::chrono::milliseconds time) {
        now += time;
        work();
    }
    bool idle() const { return tasks_.empty(); }
    void drop_all() {
        tasks_.clear();
        flight_.reset();
    }

  private:
    struct Flight : engine::Ticket {
        void cancel() override { cancelled = true; }
        std::shared_ptr<engine::EventSink> sink;
        std::deque<Event> events;
        std::atomic<bool> cancelled{false};
    };
    struct Waiting {
        std::shared_ptr<engine::Task> task;
        engine::TaskClock::time_point due;
    };
    void one_event() {
        Event event;
        if (flight_->cancelled) {
            event = done_event(FinishReason::kCancelled, 0);
        } else if (flight_->events.empty()) {
            return;  // a script without an end hangs until it is cancelled
        } else {
            event = std::move(flight_->events.front());
            flight_->events.pop_front();
        }
        const bool last = event.type == EventType::kDone || event.type == EventType::kFailed;
        const auto flight = flight_;
        if (last) flight_.reset();
        const bool taken = flight->sink->on_event(std::move(event));
        if (!taken && !last) {
            flight_.reset();
            flight->sink->on_event(failed_event({Code::kCallbackFailed, "callback failed"}));
        }
        if (between) between();
    }

    std::shared_ptr<Flight> flight_;
    std::vector<Waiting> tasks_;
    bool woken_ = false;
};

struct Cache : engine::Conversation {
    uint32_t context_tokens() const override { return 1000; }
    uint32_t cached_tokens() const override { return 0; }
    void drop_cache() override {}
};

struct Listener : engine::EventSink {
    std::vector<Event> events;
    std::string text;
    std::string log;  // a letter an event
    std::function<bool(const Event&)> react;

    bool on_event(Event event) override {
        EXPECT_FALSE(ended) << "an event after the last";
        log += "?pftTDFcrC"[static_cast<size_t>(event.type)];
        if (event.type == EventType::kText) text += event.text;
        ended = event.type == EventType::kDone || event.type == EventType::kFailed;
        events.push_back(event);
        return !react || react(event);
    }
    const Event& last() const { return events.back(); }
    std::vector<Event> of(EventType type) const {
        std::vector<Event> out;
        for (const Event& event : events) {
            if (event.type == type) out.push_back(event);
        }
        return out;
    }
    bool ended = false;
};

struct Host : HostCalls {
    void post(std::function<void()> work) override {
        if (held) {
            queue.push_back(std::move(work));
        } else if (!closed) {
            work();
        }
    }
    void dispatch() {
        while (!queue.empty()) {
            const auto work = std::move(queue.front());
            queue.pop_front();
            if (!closed) work();
        }
    }
    bool held = false;
    bool closed = false;
    std::deque<std::function<void()>> queue;
};

struct Handler : ToolHandler {
    std::function<Status(std::shared_ptr<PendingCall>)> on_call;
    std::vector<std::shared_ptr<PendingCall>> calls;
    std::vector<std::string> dropped;

    Status call(std::shared_ptr<PendingCall> call) override {
        calls.push_back(call);
        return on_call ? on_call(call) : ok_status();
    }
    void drop(PendingCall& call) override { dropped.push_back(call.call().id); }
};

// A session with a question, and all that a turn of it needs.
struct World {
    World() {
        setup.conversation = conversation;
        setup.engine = engine;
        setup.cache = cache;
        setup.runner = engine;
        setup.sink = listener;
        setup.host = host;
        setup.count_messages = [](std::span<const engine::Message>) { return 1u; };
        setup.count_text = [](std::string_view text) { return static_cast<uint32_t>(text.size()); };
        setup.retrieval.prompt_template = "{context}|{question}";
        EXPECT_TRUE(conversation->append({"user", "why?"}).ok());
    }
    std::shared_ptr<Handler> tool(const std::string& name, bool parallel = false) {
        auto handler = std::make_shared<Handler>();
        auto tool = std::make_shared<Tool>();
        tool->spec = {name, "", "{}"};
        tool->handler = handler;
        tool->parallel = parallel;
        tool->timeout = 1000ms;
        setup.tools.push_back(tool);
        return handler;
    }
    // Answers `text` at once.
    std::shared_ptr<Handler> answering(const std::string& name, const std::string& text) {
        auto handler = tool(name);
        handler->on_call = [text](const auto& call) { return call->reply(text, false); };
        return handler;
    }
    void begin() {
        ASSERT_TRUE(conversation->begin_reply().ok());
        turn = std::make_shared<Turn>(setup);
        setup.sink.reset();
        engine->add_task(turn);
    }
    void run() {
        begin();
        engine->work();
    }
    // What the model was given last, a line a message.
    std::string prompt() const {
        std::string out;
        for (const auto& message : engine->requests.back().prompt.messages) {
            out += message.role + ":" + message.content;
            for (const auto& call : message.tool_calls) out += "<" + call.id + ">";
            if (!message.tool_call_id.empty()) out += "(" + message.tool_call_id + ")";
            out += "\n";
        }
        return out;
    }

    std::shared_ptr<ScriptedEngine> engine = std::make_shared<ScriptedEngine>();
    std::shared_ptr<Conversation> conversation = std::make_shared<Conversation>();
    std::shared_ptr<Cache> cache = std::make_shared<Cache>();
    std::shared_ptr<Listener> listener = std::make_shared<Listener>();
    std::shared_ptr<Host> host = std::make_shared<Host>();
    TurnSetup setup;
    std::shared_ptr<Turn> turn;
};

}  // namespace alv::agent::test
