#include "knowledge/search_queue.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "base/worker.h"

namespace alv::knowledge {

using Passages = Result<std::vector<engine::Passage>>;

// One query on its way. Whoever is first ends it: the search, a failure, cancel(), or its end of
// life unanswered.
struct SearchQueue::Ask final : engine::Ticket {
    Ask(engine::Query q, engine::Retriever::Done d) : query(std::move(q)), done_(std::move(d)) {}
    ~Ask() override {
        try {
            finish(Status(Code::kCancelled, {}));
        } catch (...) {
            // `done` answers for its own errors.
        }
    }

    void finish(Passages result) {
        engine::Retriever::Done done;
        {
            const std::lock_guard lock(mutex_);
            done = std::exchange(done_, nullptr);
        }
        if (done) done(std::move(result));
    }
    // It was not taken: nobody is told.
    void drop() {
        const std::lock_guard lock(mutex_);
        done_ = nullptr;
    }
    void cancel() override {
        stop = true;
        end_embedding(true);
        finish(cancelled("the search was cancelled"));
    }
    void embed_by(const std::shared_ptr<engine::Ticket>& ticket) {
        {
            const std::lock_guard lock(mutex_);
            if (embedded_ && !stop) return;
            if (!embedded_) embedding_ = ticket;
        }
        if (stop) ticket->cancel();
    }
    void end_embedding(bool is_cancelled) {
        std::shared_ptr<engine::Ticket> ticket;
        {
            const std::lock_guard lock(mutex_);
            embedded_ = true;
            ticket = std::exchange(embedding_, nullptr);
        }
        if (ticket && is_cancelled) ticket->cancel();
    }

    const engine::Query query;
    std::atomic<bool> stop = false;

  private:
    std::mutex mutex_;
    engine::Retriever::Done done_;
    std::shared_ptr<engine::Ticket> embedding_;
    bool embedded_ = false;
};

// Shared with what is on its way, which may outlive the queue.
struct SearchQueue::State {
    std::shared_ptr<engine::Embedder> embedder;
    Search search;
    std::unique_ptr<Worker> worker;
    std::mutex mutex;
    std::vector<std::weak_ptr<Ask>> asks;

    Status add(const std::shared_ptr<Ask>& ask) {
        const std::lock_guard lock(mutex);
        std::erase_if(asks, [](const std::weak_ptr<Ask>& one) { return one.expired(); });
        if (asks.size() >= kMaxAsks) {
            return limit_exceeded("too many searches wait; the knowledge base takes " +
                                  std::to_string(kMaxAsks));
        }
        asks.push_back(ask);
        return ok_status();
    }

    void run(Ask& ask, std::vector<float> vector) const {
        if (ask.stop) return;
        try {
            ask.finish(search(ask.query, std::move(vector), ask.stop));
        } catch (const std::bad_alloc&) {
            ask.finish(out_of_host_memory());
        } catch (...) {
            ask.finish(internal_error("the search failed by an exception"));
        }
    }

    static void post(const std::shared_ptr<State>& state, const std::shared_ptr<Ask>& ask,
                     std::vector<float> vector) {
        try {
            // After the queue's end it is not taken; the ask has ended by then.
            static_cast<void>(
                state->worker->post([state, ask, vector = std::move(vector)]() mutable {
                    state->run(*ask, std::move(vector));
                }));
        } catch (const std::bad_alloc&) {
            ask->finish(out_of_host_memory());
        }
    }
};

SearchQueue::SearchQueue(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<SearchQueue>> SearchQueue::start(std::shared_ptr<engine::Embedder> embedder,
                                                        Search search) {
    auto state = std::make_shared<State>();
    state->embedder = std::move(embedder);
    state->search = std::move(search);
    ALV_ASSIGN_OR_RETURN(state->worker, Worker::start(kMaxAsks));
    return std::unique_ptr<SearchQueue>(new SearchQueue(std::move(state)));
}

SearchQueue::~SearchQueue() {
    std::vector<std::weak_ptr<Ask>> asks;
    {
        const std::lock_guard lock(state_->mutex);
        asks.swap(state_->asks);
    }
    for (const std::weak_ptr<Ask>& one : asks) {
        if (const std::shared_ptr<Ask> ask = one.lock()) ask->cancel();
    }
    state_->worker->stop();
}

Result<std::shared_ptr<engine::Ticket>> SearchQueue::submit(engine::Query query,
                                                            engine::Retriever::Done done) {
    const auto ask = std::make_shared<Ask>(std::move(query), std::move(done));
    Status status = state_->add(ask);
    if (status.ok() && !state_->embedder) {
        State::post(state_, ask, {});
        return std::shared_ptr<engine::Ticket>(ask);
    }
    if (status.ok()) {
        Result<std::shared_ptr<engine::Ticket>> embedding = state_->embedder->submit(
            {ask->query.text}, [state = state_, ask](Result<std::vector<float>> vector) {
                ask->end_embedding(false);
                if (!vector.ok()) return ask->finish(std::move(vector).status());
                State::post(state, ask, std::move(*vector));
            });
        if (embedding.ok()) {
            ask->embed_by(*embedding);
            return std::shared_ptr<engine::Ticket>(ask);
        }
        status = std::move(embedding).status();
    }
    ask->drop();
    return status;
}

}  // namespace alv::knowledge
