// The question of a turn, asked of all retrievers of the session at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/passages.h"
#include "engine/task.h"

namespace alv::agent {

// A retriever of the session.
struct PassageSource {
    std::shared_ptr<engine::Retriever> retriever;
    std::string name;         // the source of passages that name none
    uint32_t k = 4;           // passages to ask for
    std::string filter_json;  // in the retriever's own language
};

struct RetrievalSettings {
    uint32_t token_budget = 1024;  // of the passages in the prompt; 0: none
    std::chrono::milliseconds timeout{10'000};
    std::string prompt_template;  // {context} and {question}
};

// One search. Answers come from any thread; all else is the caller's, one thread at a time.
class PassageSearch {
  public:
    using Time = engine::TaskClock::time_point;

    // `wake` is called after each answer, by any thread, with no lock held.
    PassageSearch(size_t n_sources, Time deadline, std::function<void()> wake);

    void ask(const std::vector<PassageSource>& sources, const std::string& question);
    // All have answered, or the deadline has passed.
    bool over(Time now) const;
    Time deadline() const { return deadline_; }
    // Once it is over: a list a source, empty where it failed or is late; the late ones are
    // cancelled. A status if no source found anything and one failed.
    Result<std::vector<std::vector<Passage>>> take();
    void cancel();

  private:
    struct Answers;
    const Time deadline_;
    const std::function<void()> wake_;
    const std::shared_ptr<Answers> answers_;
};

}  // namespace alv::agent
