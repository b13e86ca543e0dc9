// One thread behind a bounded queue.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/status.h"

namespace alv {

// Thread-safe. Jobs run one at a time, in the order they were posted; a job that throws is dropped.
class Worker {
  public:
    using Job = std::function<void()>;

    // `capacity` is how many jobs may wait (at least 1). Fails when the system gives no thread.
    static Result<std::unique_ptr<Worker>> start(size_t capacity);

    // As stop(). On the worker's own thread (a job that drops the last owner) it does not wait for
    // itself: the thread ends with that job.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // False when the queue is full or the worker was stopped; the job is then not taken.
    bool post(Job job);

    // Waits for the job that runs; those that wait are destroyed unrun. May be called again; of two
    // calls at once, one waits.
    void stop();

    bool on_worker_thread() const;

  private:
    struct State;
    explicit Worker(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace alv
