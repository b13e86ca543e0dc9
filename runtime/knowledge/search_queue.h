// Searches for those who must not wait: one thread behind a queue.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/retriever.h"

namespace alv::knowledge {

// A query is embedded where the embedder does that, and searched for on the queue's own thread, so
// that nobody's frame or generation is held up by a search. Thread-safe.
class SearchQueue {
  public:
    // On the queue's thread, one at a time. `vector` is empty without an embedder. `stop` turns
    // true when nobody waits for it any more; it should then end soon, with whatever result.
    using Search = std::function<Result<std::vector<engine::Passage>>(
        const engine::Query& query, std::vector<float> vector, const std::atomic<bool>& stop)>;

    // `embedder` may be null. Fails when the system gives no thread.
    static Result<std::unique_ptr<SearchQueue>> start(std::shared_ptr<engine::Embedder> embedder,
                                                      Search search);
    // All that is asked ends as cancelled. Waits for the search that runs, unless it is called
    // inside a `done` of this queue: then the thread ends by itself, and searches no more.
    ~SearchQueue();
    SearchQueue(const SearchQueue&) = delete;
    SearchQueue& operator=(const SearchQueue&) = delete;

    // As engine::Retriever::submit; cancel() calls `done` at once. Limit exceeded when kMaxAsks
    // are on their way.
    Result<std::shared_ptr<engine::Ticket>> submit(engine::Query query,
                                                   engine::Retriever::Done done);
    static constexpr size_t kMaxAsks = 1024;

  private:
    struct Ask;
    struct State;
    explicit SearchQueue(std::shared_ptr<State> state);
    const std::shared_ptr<State> state_;
};

}  // namespace alv::knowledge
