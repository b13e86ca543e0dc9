#include "agent/passage_search.h"

#include <algorithm>
#include <mutex>

namespace alv::agent {

// Outlives the search where a source answers late.
struct PassageSearch::Answers {
    std::mutex mutex;
    std::vector<std::vector<Passage>> lists;
    std::vector<std::string> names;  // of the sources
    std::vector<std::shared_ptr<engine::Ticket>> tickets;
    size_t n_waiting = 0;
    Status failure;  // the first
};

PassageSearch::PassageSearch(size_t n_sources, Time deadline, std::function<void()> wake)
    : deadline_(deadline), wake_(std::move(wake)), answers_(std::make_shared<Answers>()) {
    answers_->lists.resize(n_sources);
    answers_->n_waiting = n_sources;
}

void PassageSearch::ask(const std::vector<PassageSource>& sources, const std::string& question) {
    for (const PassageSource& source : sources) answers_->names.push_back(source.name);
    answers_->tickets.reserve(sources.size());
    for (size_t i = 0; i < sources.size(); ++i) {
        const PassageSource& source = sources[i];
        // Takes no memory: who answers is not the one to be told of it.
        // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the function object owns it
        auto done = [answers = answers_, i, wake = wake_](Result<std::vector<Passage>> found) {
            {
                const std::lock_guard lock(answers->mutex);
                --answers->n_waiting;
                if (found.ok()) {
                    answers->lists[i] = std::move(found).value();
                } else if (answers->failure.ok()) {
                    answers->failure = std::move(found).status();
                }
            }
            wake();
        };
        auto ticket =
            source.retriever->submit({question, source.k, source.filter_json}, std::move(done));
        const std::lock_guard lock(answers_->mutex);
        if (ticket.ok()) {
            answers_->tickets.push_back(std::move(ticket).value());
        } else {
            --answers_->n_waiting;
            if (answers_->failure.ok()) answers_->failure = ticket.status();
        }
    }
}

bool PassageSearch::over(Time now) const {
    const std::lock_guard lock(answers_->mutex);
    return answers_->n_waiting == 0 || now >= deadline_;
}

Result<std::vector<std::vector<Passage>>> PassageSearch::take() {
    std::vector<std::vector<Passage>> lists;
    Status failure;
    bool late = false;
    {
        const std::lock_guard lock(answers_->mutex);
        lists = answers_->lists;
        for (size_t i = 0; i < lists.size(); ++i) {
            for (Passage& passage : lists[i]) {
                if (passage.source.empty()) passage.source = answers_->names[i];
            }
        }
        failure = answers_->failure;
        late = answers_->n_waiting > 0;
    }
    if (late) {
        cancel();
        if (failure.ok()) failure = {Code::kTimeout, "the retriever did not answer in time"};
    }
    const bool any =
        std::any_of(lists.begin(), lists.end(), [](const auto& list) { return !list.empty(); });
    if (!any && !failure.ok()) return failure.annotate("retrieval");
    return lists;
}

void PassageSearch::cancel() {
    std::vector<std::shared_ptr<engine::Ticket>> tickets;
    {
        const std::lock_guard lock(answers_->mutex);
        tickets = answers_->tickets;
    }
    for (const auto& ticket : tickets) {
        if (ticket) ticket->cancel();
    }
}

}  // namespace alv::agent
