// Lets callbacks through from when their object is whole until it is closed, and knows when one
// runs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace alv::api {

// Thread-safe. One callback at a time passes.
class CallbackGate {
  public:
    // Callbacks wait for this: until then the handle that they would see is not filled in.
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    // Runs `callback` unless the gate is closed; true if it ran.
    template <typename Callback>
    bool pass(Callback&& callback) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock,
                          [&] { return closed_ || (open_ && running_ == std::thread::id()); });
            if (closed_) return false;
            running_ = std::this_thread::get_id();
        }
        callback();
        const std::lock_guard lock(mutex_);
        running_ = std::thread::id();
        changed_.notify_all();
        return true;
    }
    // No callback begins after this returned, and none runs, except on the calling thread.
    void close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] {
            return running_ == std::thread::id() || running_ == std::this_thread::get_id();
        });
    }
    bool closed() const {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    bool closed_ = false;
    std::thread::id running_;
};

}  // namespace alv::api
