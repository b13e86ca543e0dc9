// Searches on a thread of their own: answered, cancelled and ended at every stage.
#include "knowledge/search_queue.h"

#include <condition_variable>
#include <stdexcept>
#include <thread>

#include "knowledge/harness.h"

namespace alv::knowledge::test {
namespace {

using Passages = std::vector<engine::Passage>;

// A gate that a slow search waits at.
class Gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
};

// What came of one query.
struct Answer {
    Gate there;
    std::atomic<int> times = 0;
    Status status;
    Passages passages;
    std::thread::id thread;

    engine::Retriever::Done done() {
        return [this](Result<Passages> result) {
            ++times;
            status = result.status();
            if (result.ok()) passages = *result;
            thread = std::this_thread::get_id();
            there.open();
        };
    }
};

// A search that waits until it may go on, or until nobody waits for it.
struct SlowSearch {
    Gate entered;
    std::atomic<bool> go_on = false;
    std::atomic<bool> was_stopped = false;
    std::atomic<int> runs = 0;

    SearchQueue::Search function() {
        return [this](const engine::Query& query, std::vector<float> vector,
                      const std::atomic<bool>& stop) -> Result<Passages> {
            ++runs;
            entered.open();
            while (!go_on && !stop) std::this_thread::yield();
            if (stop) was_stopped = true;
            return Passages{{query.text, "text", "", "", static_cast<double>(vector.size())}};
        };
    }
};

// Gives its vectors when it is told to.
class HeldEmbedder final : public FakeEmbedder {
  public:
    struct Held final : engine::Ticket {
        explicit Held(Done d) : done(std::move(d)) {}
        void cancel() override {
            ++cancels;
            answer(cancelled("not embedded"));
        }
        void answer(Status status) {
            const Done told = std::exchange(done, nullptr);
            if (told) told(std::move(status));
        }
        Done done;
        int cancels = 0;
    };
    Result<std::shared_ptr<engine::Ticket>> submit(std::vector<std::string>, Done done) override {
        if (refuses) return limit_exceeded("too much to embed");
        held = std::make_shared<Held>(std::move(done));
        return std::shared_ptr<engine::Ticket>(held);
    }
    std::shared_ptr<Held> held;
    bool refuses = false;
};

engine::Query query(std::string text) {
    return {std::move(text), 3, ""};
}

TEST(SearchQueue, AnswersFromAThreadOfItsOwnInTheOrderOfTheQueries) {
    SlowSearch search;
    search.go_on = true;
    const auto queue = SearchQueue::start(std::make_shared<FakeEmbedder>(16), search.function());
    ASSERT_TRUE(queue.ok());
    std::vector<Answer> answers(20);
    for (size_t i = 0; i < answers.size(); ++i) {
        ASSERT_TRUE((*queue)->submit(query(std::to_string(i)), answers[i].done()).ok());
    }
    for (size_t i = 0; i < answers.size(); ++i) {
        answers[i].there.wait();
        ASSERT_TRUE(answers[i].status.ok());
        EXPECT_EQ(answers[i].passages[0].id, std::to_string(i));
        EXPECT_EQ(answers[i].passages[0].score, 16) << "the vector's size";
        EXPECT_NE(answers[i].thread, std::this_thread::get_id());
        EXPECT_EQ(answers[i].thread, answers[0].thread);
    }
}

TEST(SearchQueue, CancelIsHeardAtOnceWhileItSearchesAndWhileItWaits) {
    SlowSearch search;
    const auto queue = SearchQueue::start(nullptr, search.function());
    Answer running;
    Answer waiting;
    Answer last;
    const auto first = (*queue)->submit(query("a"), running.done());
    search.entered.wait();
    const auto second = (*queue)->submit(query("b"), waiting.done());
    ASSERT_TRUE((*queue)->submit(query("c"), last.done()).ok());
    (*second)->cancel();
    EXPECT_EQ(waiting.status.code(), Code::kCancelled);
    EXPECT_EQ(waiting.thread, std::this_thread::get_id());
    (*first)->cancel();
    EXPECT_EQ(running.status.code(), Code::kCancelled);
    search.go_on = true;
    last.there.wait();
    EXPECT_TRUE(last.status.ok());
    (*first)->cancel();
    EXPECT_EQ(running.times, 1);
    EXPECT_EQ(waiting.times, 1);
    EXPECT_EQ(search.runs, 2) << "what was cancelled before its turn is not searched for";
}

TEST(SearchQueue, CancelReachesTheEmbedder) {
    SlowSearch search;
    const auto embedder = std::make_shared<HeldEmbedder>();
    const auto queue = SearchQueue::start(embedder, search.function());
    Answer answer;
    const auto ticket = (*queue)->submit(query("a"), answer.done());
    (*ticket)->cancel();
    EXPECT_EQ(answer.status.code(), Code::kCancelled);
    EXPECT_EQ(embedder->held->cancels, 1);
    EXPECT_EQ(answer.times, 1);
    EXPECT_EQ(search.runs, 0);
}

TEST(SearchQueue, WhatTheEmbedderHasWrongIsTheAnswer) {
    SlowSearch search;
    const auto embedder = std::make_shared<HeldEmbedder>();
    const auto queue = SearchQueue::start(embedder, search.function());
    Answer answer;
    ASSERT_TRUE((*queue)->submit(query("a"), answer.done()).ok());
    embedder->held->answer(device_lost("gone"));
    EXPECT_EQ(answer.status.code(), Code::kDeviceLost);
    embedder->refuses = true;
    Answer never;
    EXPECT_EQ((*queue)->submit(query("a"), never.done()).status().code(), Code::kLimitExceeded);
    EXPECT_EQ(never.times, 0);
}

TEST(SearchQueue, ASearchThatThrowsFailsAndTheNextGoesOn) {
    int runs = 0;
    const auto queue = SearchQueue::start(nullptr,
                                          [&](const engine::Query&, std::vector<float>,
                                              const std::atomic<bool>&) -> Result<Passages> {
                                              if (runs++ == 0)
                                                  throw std::runtime_error("a mistake");
                                              return Passages();
                                          });
    Answer first;
    Answer second;
    ASSERT_TRUE((*queue)->submit(query("a"), first.done()).ok());
    ASSERT_TRUE((*queue)->submit(query("b"), second.done()).ok());
    second.there.wait();
    EXPECT_EQ(first.status.code(), Code::kInternal);
    EXPECT_TRUE(second.status.ok());
}

TEST(SearchQueue, ItsEndCancelsAllAndWaitsForTheSearch) {
    SlowSearch search;
    auto queue = SearchQueue::start(nullptr, search.function());
    std::vector<Answer> answers(5);
    for (Answer& answer : answers) {
        ASSERT_TRUE((*queue)->submit(query("a"), answer.done()).ok());
    }
    search.entered.wait();
    queue->reset();
    EXPECT_TRUE(search.was_stopped);
    EXPECT_EQ(search.runs, 1);
    for (const Answer& answer : answers) {
        EXPECT_EQ(answer.status.code(), Code::kCancelled);
        EXPECT_EQ(answer.times, 1);
    }
}

TEST(SearchQueue, TheEmbedderMayAnswerAfterItsEnd) {
    SlowSearch search;
    const auto embedder = std::make_shared<HeldEmbedder>();
    auto queue = SearchQueue::start(embedder, search.function());
    Answer answer;
    ASSERT_TRUE((*queue)->submit(query("a"), answer.done()).ok());
    const engine::Embedder::Done late = embedder->held->done;
    queue->reset();
    EXPECT_EQ(answer.status.code(), Code::kCancelled);
    late(std::vector<float>(64, 0.125f));
    EXPECT_EQ(search.runs, 0);
    EXPECT_EQ(answer.times, 1);
}

TEST(SearchQueue, ItMayEndInsideAnAnswer) {
    SlowSearch search;
    search.go_on = true;
    auto queue = std::make_shared<std::unique_ptr<SearchQueue>>();
    auto started = SearchQueue::start(nullptr, search.function());
    *queue = std::move(*started);
    Gate ended;
    ASSERT_TRUE((*queue)
                    ->submit(query("a"),
                             [queue, &ended](const Result<Passages>& result) {
                                 EXPECT_TRUE(result.ok());
                                 queue->reset();
                                 ended.open();
                             })
                    .ok());
    ended.wait();
    EXPECT_EQ(*queue, nullptr);
}

TEST(SearchQueue, IsBounded) {
    SlowSearch search;
    const auto queue = SearchQueue::start(nullptr, search.function());
    std::atomic<int> answered = 0;
    const auto count = [&](const Result<Passages>&) { ++answered; };
    for (size_t i = 0; i < SearchQueue::kMaxAsks; ++i) {
        ASSERT_TRUE((*queue)->submit(query("a"), count).ok());
    }
    EXPECT_EQ((*queue)->submit(query("a"), count).status().code(), Code::kLimitExceeded);
    EXPECT_EQ(answered, 0);
    search.go_on = true;
    Answer last;
    while (!(*queue)->submit(query("a"), last.done()).ok()) std::this_thread::yield();
    last.there.wait();
    EXPECT_EQ(answered, static_cast<int>(SearchQueue::kMaxAsks));
}

// Cancel, the end of a search and the end of the knowledge base in every order.
TEST(SearchQueue, RetrieversOfAKnowledgeBaseComeAndGo) {
    for (int round = 0; round < 100; ++round) {
        auto knowledge = open_at("");
        std::vector<Document> documents;
        for (int i = 0; i < 20; ++i) documents.push_back(doc(std::to_string(i), "one and two"));
        ASSERT_TRUE(knowledge->add(std::move(documents), nullptr).ok());
        auto retriever = *knowledge->retriever();
        knowledge.reset();
        std::vector<Answer> answers(4);
        std::vector<std::shared_ptr<engine::Ticket>> tickets;
        for (Answer& answer : answers) {
            tickets.push_back(*retriever->submit(query("one"), answer.done()));
        }
        std::thread canceller([&] { tickets[static_cast<size_t>(round) % 4]->cancel(); });
        if (round % 3 == 0) answers[0].there.wait();
        retriever.reset();
        canceller.join();
        for (const Answer& answer : answers) {
            EXPECT_EQ(answer.times, 1);
            EXPECT_TRUE(answer.status.ok() || answer.status.code() == Code::kCancelled)
                << answer.status.message();
        }
    }
}

}  // namespace
}  // namespace alv::knowledge::test
