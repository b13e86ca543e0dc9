#include "chroma_retriever.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace chroma {
namespace {

// The vector of a text; nothing when it was cancelled meanwhile.
std::vector<float> embed(alv_embedder* embedder, const std::string& text,
                         const std::atomic<bool>& cancelled) {
    const alv_string view = alviss::to_abi(text);
    alv_error* error = nullptr;
    alv_embedding* embedding = nullptr;
    alv_status status = alv_embedder_start(embedder, &view, 1, nullptr, &embedding, &error);
    while (status == ALV_STATUS_OK) {
        if (cancelled) alv_embedding_cancel(embedding, nullptr);
        status = alv_embedding_wait(embedding, 20'000, &error);
        if (status != ALV_STATUS_TIMEOUT) break;
        alv_error_release(std::exchange(error, nullptr));
        status = ALV_STATUS_OK;
    }
    const float* values = nullptr;
    uint64_t n = 0;
    if (status == ALV_STATUS_OK) status = alv_embedding_get(embedding, &values, &n, &error);
    std::vector<float> vector(values, values + n);
    alv_embedding_release(embedding);
    if (status == ALV_STATUS_OK) return vector;
    const alviss::Error why(status, error);
    throw Error(status, std::string(why.message()));
}

}  // namespace

// The thread has it too: the last retrieval, and with it the retriever, may end on that thread.
struct Retriever::State {
    struct Query {
        alviss::Retrieval retrieval;
        std::string text;
        std::string filter;
        uint32_t k;
        std::shared_ptr<std::atomic<bool>> cancelled;
    };

    State(Client its_client, Collection its_collection, alv_embedder* its_embedder)
        : client(std::move(its_client)),
          collection(std::move(its_collection)),
          embedder(its_embedder) {}

    void run();
    void answer(Query& query) const;

    const Client client;
    const Collection collection;
    alv_embedder* const embedder;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Query> queue;  // the first one is being answered
    bool is_over = false;
    std::thread thread;
};

void Retriever::State::run() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [&] { return is_over || !queue.empty(); });
        if (is_over) return;
        {
            // It stays in the queue meanwhile, for cancel() to find; a deque's elements stay put.
            Query& query = queue.front();
            lock.unlock();
            answer(query);
            lock.lock();
            const Query done = std::move(query);
            queue.pop_front();
            lock.unlock();
        }  // with the last owner of its retrieval the retriever may go, which takes the lock
        lock.lock();
    }
}

void Retriever::State::answer(Query& query) const {
    alv_status status = ALV_STATUS_OK;
    std::string message;
    try {
        if (*query.cancelled) throw Error(ALV_STATUS_CANCELLED, "cancelled");
        const std::vector<float> vector = embed(embedder, query.text, *query.cancelled);
        for (const Found& found :
             client.query(collection, vector, query.k, query.filter, *query.cancelled)) {
            alv_passage passage = ALV_PASSAGE_INIT;
            passage.id = alviss::to_abi(found.document.id);
            passage.text = alviss::to_abi(found.document.text);
            passage.metadata = alviss::to_abi(found.document.metadata);
            passage.source = alviss::to_abi(found.source);
            passage.score = found.score;
            const auto added = query.retrieval.add(passage);
            // A document without text is none; what the others say still counts.
            if (!added && added.error().code() != ALV_STATUS_INVALID_ARGUMENT) {
                throw Error(added.error().code(), std::string(added.error().message()));
            }
        }
    } catch (const Error& error) {
        status = error.status;
        message = error.what();
    } catch (const std::exception& error) {
        status = ALV_STATUS_INTERNAL;
        message = error.what();
    }
    static_cast<void>(query.retrieval.finish(status, message));  // over already: nobody listens
}

Retriever::Retriever(Client client, Collection collection, alv_embedder* embedder)
    : state_(std::make_shared<State>(std::move(client), std::move(collection), embedder)) {
    state_->thread = std::thread([state = state_] { state->run(); });
}

Retriever::~Retriever() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->is_over = true;
    }
    state_->changed.notify_all();
    if (state_->thread.get_id() == std::this_thread::get_id()) {
        state_->thread.detach();
    } else {
        state_->thread.join();
    }
}

void Retriever::retrieve(alviss::Retrieval retrieval, const alv_query& query) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->queue.push_back({std::move(retrieval), std::string(alviss::to_view(query.text)),
                                 std::string(alviss::to_view(query.filter)), query.k,
                                 std::make_shared<std::atomic<bool>>(false)});
    }
    state_->changed.notify_all();
}

void Retriever::cancel(alv_retrieval* retrieval) {
    const std::lock_guard lock(state_->mutex);
    for (const State::Query& query : state_->queue) {
        if (query.retrieval.get() == retrieval) *query.cancelled = true;
    }
}

}  // namespace chroma
