// Tasks of other layers that the scheduler runs between its own units: see engine/task.h.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/task.h"

namespace alv::local {

// Tasks that were woken or whose time has come are run by one thread at a time; all else is
// thread-safe.
class TaskQueue {
  public:
    using Clock = engine::TaskClock;

    // False once it is closed.
    bool add(std::shared_ptr<engine::Task> task);
    // All tasks run at the next run().
    void wake();
    // There are some, though they may only wait.
    bool has_any() const;
    // There is something to run now.
    bool is_due(Clock::time_point now) const;
    // When the first one has to run; Clock::time_point::max(): none has to.
    Clock::time_point next_due() const;
    // Runs those that are due. A task that throws is over.
    void run();
    // Drops all; none is added any more.
    void close();

  private:
    struct Waiting {
        std::shared_ptr<engine::Task> task;
        Clock::time_point due;
    };

    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<engine::Task>> added_;
    bool is_woken_ = false;
    bool is_closed_ = false;
    size_t n_tasks_ = 0;
    Clock::time_point next_due_ = Clock::time_point::max();
    std::vector<Waiting> tasks_;  // of the thread that runs them
};

}  // namespace alv::local
