#include "base/worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace alv {

// Shared with the thread, so that it may outlive the Worker that a job has destroyed.
struct Worker::State {
    explicit State(size_t n) : capacity(n == 0 ? 1 : n) {}

    void run() {
        for (;;) {
            Job job;
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [this] { return stopping || !jobs.empty(); });
                if (stopping) return;
                job = std::move(jobs.front());
                jobs.pop_front();
            }
            try {
                job();
            } catch (...) {
                // A job answers for its own errors; the thread must not end the process.
            }
        }
    }

    const size_t capacity;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Job> jobs;
    bool stopping = false;
    std::thread thread;
    std::thread::id thread_id;
};

Worker::Worker(std::shared_ptr<State> state) : state_(std::move(state)) {}
Worker::~Worker() {
    stop();
}

Result<std::unique_ptr<Worker>> Worker::start(size_t capacity) {
    auto state = std::make_shared<State>(capacity);
    std::unique_ptr<Worker> worker(new Worker(state));
    try {
        const std::lock_guard lock(state->mutex);
        state->thread = std::thread([state] { state->run(); });
        state->thread_id = state->thread.get_id();
    } catch (const std::system_error& error) {
        return internal_error(std::string("the system gave no thread: ") + error.what());
    }
    return worker;
}

bool Worker::post(Job job) {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopping || state_->jobs.size() >= state_->capacity) return false;
        state_->jobs.push_back(std::move(job));
    }
    state_->wake.notify_one();
    return true;
}

void Worker::stop() {
    std::deque<Job> unrun;  // destroyed outside the lock: a job may own anything
    std::thread thread;
    const bool own_thread = on_worker_thread();
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        unrun.swap(state_->jobs);
        thread.swap(state_->thread);  // of two callers one joins
    }
    state_->wake.notify_all();
    unrun.clear();
    if (!thread.joinable()) return;
    if (own_thread) {
        thread.detach();
    } else {
        thread.join();
    }
}

bool Worker::on_worker_thread() const {
    const std::lock_guard lock(state_->mutex);
    return state_->thread_id == std::this_thread::get_id();
}

}  // namespace alv
