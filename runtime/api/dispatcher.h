// Holds events back for alv_runtime_dispatch.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
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
    // The same without taking memory: `slot` is a list of one.
    using Slot = std::list<std::shared_ptr<Deliverable>>;
    void enqueue(std::shared_ptr<Deliverable> what, Slot& slot) noexcept;
    // Delivers at most `max_events` (0: those there are now). Invalid state from inside a callback
    // of it, or while another thread is at it.
    Result<uint32_t> dispatch(uint32_t max_events);
    bool inside() const { return owner_.load() == std::this_thread::get_id(); }
    // Drops what waits and whatever comes later: nobody is left to dispatch.
    void close();

  private:
    std::shared_ptr<Deliverable> take();

    std::mutex mutex_;
    Slot queue_;
    bool closed_ = false;
    std::atomic<std::thread::id> owner_{};
};

}  // namespace alv::api
