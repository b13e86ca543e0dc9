#include "api/delivery.h"

#include <new>

namespace alv::api {
namespace {

bool is_last(engine::EventType type) {
    return type == engine::EventType::kDone || type == engine::EventType::kFailed;
}

}  // namespace

alv_usage to_abi(const engine::Usage& usage) {
    alv_usage out = ALV_USAGE_INIT;
    out.prompt_tokens = usage.prompt_tokens;
    out.reused_tokens = usage.reused_tokens;
    out.generated_tokens = usage.generated_tokens;
    out.queue_ms = usage.queue_ms;
    out.prefill_ms = usage.prefill_ms;
    out.first_token_ms = usage.first_token_ms;
    out.decode_ms = usage.decode_ms;
    out.drafted_tokens = usage.drafted_tokens;
    out.accepted_tokens = usage.accepted_tokens;
    return out;
}

void EventView::show(engine::Event event) {
    event_ = std::move(event);
    usage_ = to_abi(event_.usage);
    abi_ = {};
    for (const auto& [token, logprob] : event_.top) top_.push_back({token, logprob});
    abi_.struct_size = sizeof(alv_event);
    abi_.type = static_cast<uint32_t>(event_.type);
    abi_.text = view_of(event_.text);
    switch (event_.type) {
        case engine::EventType::kPrompt:
            abi_.prompt_tokens = event_.prompt_tokens.data();
            abi_.n_prompt_tokens = event_.prompt_tokens.size();
            break;
        case engine::EventType::kPrefill:
            abi_.done = event_.done;
            abi_.total = event_.total;
            break;
        case engine::EventType::kToken:
            abi_.token = event_.token;
            abi_.logprob = event_.logprob;
            abi_.top = top_.empty() ? nullptr : top_.data();
            abi_.n_top = top_.size();
            break;
        case engine::EventType::kText:
            break;
        case engine::EventType::kToolCall:
            abi_.text = view_of(event_.tool_call.arguments);
            [[fallthrough]];
        case engine::EventType::kToolResult:
        case engine::EventType::kCitation:
            abi_.id = view_of(event_.tool_call.id);
            abi_.name = view_of(event_.tool_call.name);
            abi_.span_begin = event_.span_begin;
            abi_.span_end = event_.span_end;
            abi_.score = event_.score;
            abi_.failed = event_.failed ? 1 : 0;
            break;
        case engine::EventType::kDone:
            abi_.finish_reason = static_cast<uint32_t>(event_.finish);
            abi_.usage = &usage_;
            break;
        case engine::EventType::kFailed:
            error_ = {static_cast<alv_status>(event_.status.code()), {}, "alv_generation"};
            try {
                error_.message = event_.status.message();
            } catch (const std::bad_alloc&) {
                // The code says it.
            }
            abi_.error = &error_;
            abi_.usage = &usage_;
            break;
    }
}

bool EventView::last() const {
    return is_last(event_.type);
}

Delivery::Delivery(Options options) : options_(std::move(options)) {
    last_.push_back(std::make_unique<EventView>());
    if (options_.dispatcher) last_slot_.emplace_back();
}

// What an event means for the session, before anybody hears of it.
void Delivery::settle(const engine::Event& event) {
    if (!options_.history) return;
    if (event.type == engine::EventType::kText) reply_ += event.text;
    if (!is_last(event.type)) return;
    const bool done = event.type == engine::EventType::kDone;
    const bool said_nothing = event.finish == engine::FinishReason::kCancelled && reply_.empty();
    if (options_.append_reply && done && !said_nothing) {
        options_.history->end_reply({{"assistant", std::move(reply_)}});
    } else {
        options_.history->end_reply();
    }
}

bool Delivery::on_event(engine::Event event) {
    if (is_last(event.type)) {
        take_last(std::move(event));
        return true;
    }
    return take(std::move(event));
}

// For which there always is memory.
void Delivery::take_last(engine::Event event) noexcept {
    std::unique_lock lock(mutex_);
    if (last_.empty()) return;
    try {
        settle(event);
    } catch (const std::bad_alloc&) {
        options_.history->end_reply();
        event.type = engine::EventType::kFailed;
        event.status = out_of_host_memory();
    }
    usage_ = event.usage;
    last_.front()->show(std::move(event));
    if (options_.callback && !options_.dispatcher) {
        const std::unique_ptr<EventView> view = std::move(last_.front());
        last_.clear();
        lock.unlock();
        run_callback(*view);
        return;
    }
    queue_.splice(queue_.end(), last_);
    changed_.notify_all();
    lock.unlock();
    if (options_.callback) options_.dispatcher->enqueue(shared_from_this(), last_slot_);
}

bool Delivery::take(engine::Event event) {
    // What takes memory comes first.
    Queue view;
    view.push_back(std::make_unique<EventView>(std::move(event)));
    Dispatcher::Slot slot;
    if (options_.callback && options_.dispatcher) slot.emplace_back();
    const bool at_once = options_.callback && !options_.dispatcher;
    {
        const std::lock_guard lock(mutex_);
        const engine::Event& taken = view.front()->event();
        usage_ = taken.usage;
        if (callback_failed_) return false;
        settle(taken);
        if (!at_once) {
            queue_.splice(queue_.end(), view);
            changed_.notify_all();
        }
    }
    if (at_once) {
        run_callback(*view.front());
        const std::lock_guard lock(mutex_);
        return !callback_failed_;
    }
    if (options_.callback) options_.dispatcher->enqueue(shared_from_this(), slot);
    return true;
}

// What comes in the place of an end that the callback did not live to see.
engine::Event Delivery::callback_failure() const {
    engine::Event failed;
    failed.type = engine::EventType::kFailed;
    failed.usage = usage_;
    try {
        failed.status = {Code::kCallbackFailed, "the generation's callback failed"};
    } catch (const std::bad_alloc&) {
        failed.status = {Code::kCallbackFailed, {}};
    }
    return failed;
}

void Delivery::deliver_next() {
    std::unique_ptr<EventView> next;
    {
        const std::lock_guard lock(mutex_);
        if (queue_.empty()) return;
        next = std::move(queue_.front());
        queue_.pop_front();
        if (callback_failed_ && !next->last()) return;
        if (callback_failed_ && next->abi()->type == ALV_EVENT_DONE) {
            // It was done before the callback's failure could be told to the engine.
            next->show(callback_failure());
        }
    }
    run_callback(*next);
}

void Delivery::run_callback(const EventView& event) {
    bool taken = true;
    gate_.pass([&] {
        try {
            taken = options_.callback(options_.user_data, options_.handle, event.abi()) ==
                    ALV_STATUS_OK;
        } catch (...) {
            taken = false;
        }
    });
    if (taken) return;
    const std::lock_guard lock(mutex_);
    callback_failed_ = true;
}

namespace {

class Posted : public Deliverable {
  public:
    Posted(std::shared_ptr<Delivery> delivery, std::function<void()> run)
        : delivery_(std::move(delivery)), run_(std::move(run)) {}
    void deliver_next() override { run_(); }

  private:
    const std::shared_ptr<Delivery> delivery_;
    const std::function<void()> run_;
};

}  // namespace

// The order among events and calls is kept: both wait in the same queue.
void Delivery::post(std::function<void()> work) {
    auto run = [this, work = std::move(work)] {
        gate_.pass([&] {
            try {
                work();
            } catch (...) {
                // No memory: what was to be called is told by its timeout.
            }
        });
    };
    if (options_.dispatcher) {
        options_.dispatcher->enqueue(std::make_shared<Posted>(shared_from_this(), std::move(run)));
    } else {
        run();
    }
}

Result<const alv_event*> Delivery::poll() {
    const std::lock_guard lock(mutex_);
    if (options_.callback) {
        return invalid_state("the generation has a callback: its events go there");
    }
    if (ended_) return invalid_state("the last event was taken: the generation has ended");
    if (queue_.empty()) return Status(Code::kWouldBlock, "no event is there yet");
    current_ = std::move(queue_.front());
    queue_.pop_front();
    ended_ = current_->last();
    return current_->abi();
}

bool Delivery::ready() const {
    const std::lock_guard lock(mutex_);
    return !queue_.empty() || ended_ || options_.callback;
}

bool Delivery::wait(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline,
                               [&] { return !queue_.empty() || ended_ || options_.callback; });
}

engine::Usage Delivery::usage() const {
    const std::lock_guard lock(mutex_);
    return usage_;
}

void Delivery::close() {
    gate_.close();
}

}  // namespace alv::api
