// Work that waits for the host as well as for the engine: moved by the engine's thread, and no
// later than its deadline.
#pragma once

#include <chrono>
#include <memory>

namespace alv::engine {

using TaskClock = std::chrono::steady_clock;

class Task {
  public:
    static constexpr TaskClock::time_point kWhenWoken = TaskClock::time_point::max();
    static constexpr TaskClock::time_point kOver = TaskClock::time_point::min();

    virtual ~Task() = default;
    // By the engine's thread, one call at a time, with no lock held. Gives back when it has to be
    // called at the latest: a time, kWhenWoken or kOver (let go, and not called again).
    virtual TaskClock::time_point run(TaskClock::time_point now) = 0;
};

// Thread-safe. A task holds it weakly: the engine may be gone before the host's answer comes.
class TaskRunner {
  public:
    virtual ~TaskRunner() = default;
    // Called soon for the first time.
    virtual void add_task(std::shared_ptr<Task> task) = 0;
    // Something happened that tasks may wait for: each is called soon.
    virtual void wake_tasks() = 0;
};

}  // namespace alv::engine
