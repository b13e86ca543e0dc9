// Holds events back for alv_runtime_dispatch.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.h"

namespace alv::api {

// Something with events to deliver. deliver_next() runs one callback, or none if all are gone.
class Deliverable {
  public:
    virtual ~Deliverable() = default;
    virtual void deliver_next() = 0;
};

// Thread-safe. Each enqueue() is one deliver_next() later, in the same order, until close().
class Dispatcher {
  public:
    void enqueue(std::shared_ptr<Deliverable> what);
    // Delivers at most `max_events` (0: those there are now). Invalid state from inside a callback
    // of it, or while another thread is at it.
    Result<uint32_t> dispatch(uint32_t max_events);
    bool inside() const { return owner_.load() == std::this_thread::get_id(); }
    // Drops what waits and whatever comes later: nobody is left to dispatch.
    void close();

  private:
    std::shared_ptr<Deliverable> take();

    std::mutex mutex_;
    std::deque<std::shared_ptr<Deliverable>> queue_;
    bool closed_ = false;
    std::atomic<std::thread::id> owner_{};
};

}  // namespace alv::api
