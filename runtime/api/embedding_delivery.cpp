#include "api/embedding_delivery.h"

namespace alv::api {

void EmbeddingDelivery::on_done(Result<std::vector<float>> result) {
    {
        const std::lock_guard lock(mutex_);
        result_.emplace(std::move(result));
        changed_.notify_all();
    }
    if (!options_.callback) return;
    if (options_.dispatcher) {
        options_.dispatcher->enqueue(shared_from_this(), slot_);
    } else {
        deliver_next();
    }
}

void EmbeddingDelivery::deliver_next() {
    gate_.pass([&] {
        try {
            options_.callback(options_.user_data, options_.handle);
        } catch (...) {
            // The vectors are there all the same; nobody is left to be told.
        }
    });
}

bool EmbeddingDelivery::over() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
}

bool EmbeddingDelivery::wait(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return result_.has_value(); });
}

Result<const std::vector<float>*> EmbeddingDelivery::get() const {
    const std::lock_guard lock(mutex_);
    if (!result_) return Status(Code::kWouldBlock, "the vectors are not there yet");
    if (!result_->ok()) return result_->status();
    return &result_->value();
}

}  // namespace alv::api
