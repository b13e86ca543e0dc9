// A shared mutex that lets a writer in though readers keep coming.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace alv::knowledge {

// As std::shared_mutex; but who waits to write holds up the readers that come after.
class FairMutex {
  public:
    void lock() {
        const std::lock_guard turn(turn_);
        mutex_.lock();
    }
    void unlock() { mutex_.unlock(); }
    void lock_shared() {
        const std::lock_guard turn(turn_);
        mutex_.lock_shared();
    }
    void unlock_shared() { mutex_.unlock_shared(); }

  private:
    std::mutex turn_;
    std::shared_mutex mutex_;
};

}  // namespace alv::knowledge
