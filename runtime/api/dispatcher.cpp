#include "api/dispatcher.h"

namespace alv::api {

void Dispatcher::enqueue(std::shared_ptr<Deliverable> what) {
    const std::lock_guard lock(mutex_);
    if (!closed_) queue_.push_back(std::move(what));
}

void Dispatcher::enqueue(std::shared_ptr<Deliverable> what, Slot& slot) noexcept {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    slot.front() = std::move(what);
    queue_.splice(queue_.end(), slot, slot.begin());
}

std::shared_ptr<Deliverable> Dispatcher::take() {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return nullptr;
    std::shared_ptr<Deliverable> next = std::move(queue_.front());
    queue_.pop_front();
    return next;
}

Result<uint32_t> Dispatcher::dispatch(uint32_t max_events) {
    std::thread::id nobody;
    if (!owner_.compare_exchange_strong(nobody, std::this_thread::get_id())) {
        return invalid_state(inside() ? "called from a callback of the same runtime: return first"
                                      : "another thread is dispatching right now");
    }
    size_t n = max_events;
    if (n == 0) {
        const std::lock_guard lock(mutex_);
        n = queue_.size();
    }
    uint32_t delivered = 0;
    while (delivered < n) {
        const std::shared_ptr<Deliverable> next = take();
        if (!next) break;
        next->deliver_next();
        ++delivered;
    }
    owner_ = std::thread::id();
    return delivered;
}

void Dispatcher::close() {
    Slot dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(queue_);
}

}  // namespace alv::api
