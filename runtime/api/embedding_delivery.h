// Brings the vectors of one request to the host.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "alviss/embedder.h"
#include "api/callback_gate.h"
#include "api/dispatcher.h"
#include "base/status.h"

namespace alv::api {

// Thread-safe. Knows no runtime: the scheduler may hold it for as long as it likes.
class EmbeddingDelivery : public Deliverable,
                          public std::enable_shared_from_this<EmbeddingDelivery> {
  public:
    struct Options {
        alv_embedding* handle = nullptr;
        alv_embedding_callback callback = nullptr;
        void* user_data = nullptr;
        std::shared_ptr<Dispatcher> dispatcher;  // null: the callback runs where the end arises
    };
    explicit EmbeddingDelivery(Options options) : options_(std::move(options)) {
        if (options_.dispatcher) slot_.emplace_back();
    }

    void on_done(Result<std::vector<float>> result);
    void deliver_next() override;

    bool over() const;
    bool wait(std::chrono::steady_clock::time_point deadline) const;
    // Would block until over; borrowed as long as this lives.
    Result<const std::vector<float>*> get() const;
    // The callback may begin: the handle is whole.
    void open() { gate_.open(); }
    // No callback begins any more; waits for one that runs on another thread.
    void close() { gate_.close(); }

  private:
    const Options options_;
    CallbackGate gate_;
    Dispatcher::Slot slot_;  // made in good time: the end is told even when there is no memory
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::optional<Result<std::vector<float>>> result_;
};

}  // namespace alv::api
