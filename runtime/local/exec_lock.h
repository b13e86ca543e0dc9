// The right to move the scheduler: one thread at a time, and it knows which.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace alv::local {

// Not recursive. First come, first served, so that a worker that takes it again at once starves
// nobody.
class ExecLock {
  public:
    bool held_by_me() const { return owner_.load() == std::this_thread::get_id(); }
    bool try_lock() {
        const std::lock_guard lock(mutex_);
        if (served_ != drawn_) return false;
        ++drawn_;
        owner_ = std::this_thread::get_id();
        return true;
    }
    void lock() {
        std::unique_lock lock(mutex_);
        const uint64_t mine = drawn_++;
        free_.wait(lock, [&] { return served_ == mine; });
        owner_ = std::this_thread::get_id();
    }
    void unlock() {
        {
            const std::lock_guard lock(mutex_);
            ++served_;
            owner_ = std::thread::id();
        }
        free_.notify_all();
    }
    bool wanted() const {
        const std::lock_guard lock(mutex_);
        return drawn_ - served_ > 1;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable free_;
    uint64_t drawn_ = 0;   // numbers drawn so far
    uint64_t served_ = 0;  // the number whose turn it is
    std::atomic<std::thread::id> owner_{};
};

}  // namespace alv::local
