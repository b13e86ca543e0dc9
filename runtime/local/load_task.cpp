#include "local/load_task.h"

#include <new>
#include <system_error>

namespace alv::local {

Result<std::unique_ptr<LoadTask>> LoadTask::start(Body body) {
    std::unique_ptr<LoadTask> task(new LoadTask);
    try {
        task->thread_ = std::thread(
            [raw = task.get(), run = std::move(body)]() mutable { raw->thread_main(run); });
    } catch (const std::system_error&) {
        return out_of_host_memory("the system gives no thread for the load: end some, try again");
    }
    return task;
}

LoadTask::~LoadTask() {
    cancel();
    {
        const std::lock_guard lock(mutex_);
        go_ = true;
        deadline_ = Clock::time_point::max();
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void LoadTask::thread_main(const Body& body) {
    bool begin = false;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return go_; });
        begin = !cancelled_;
    }
    // Nothing that is said outside the try may take memory.
    Result<Loaded> result = Status(Code::kCancelled, {});
    try {
        if (!begin) {
            result = cancelled("the load was cancelled");
        } else {
            result = body([this](model::LoadStage stage, uint64_t done, uint64_t total) {
                return on_progress(stage, done, total);
            });
        }
    } catch (const std::bad_alloc&) {
        result = out_of_host_memory();
    } catch (...) {
        result = internal_error("the load threw");
    }
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    go_ = false;
    changed_.notify_all();
}

bool LoadTask::on_progress(model::LoadStage stage, uint64_t done, uint64_t total) {
    std::unique_lock lock(mutex_);
    state_ = {stage, done, total};
    if (cancelled_) return false;
    if (Clock::now() >= deadline_) {
        go_ = false;
        changed_.notify_all();
        // A cancel alone does not let it run: the device may be in use. Its owner runs it once
        // more.
        changed_.wait(lock, [&] { return go_; });
    }
    return !cancelled_;
}

LoadTask::Turn LoadTask::run_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (result_) return Turn::kOver;
    deadline_ = deadline;
    go_ = true;
    changed_.notify_all();
    changed_.wait_until(lock, deadline, [&] { return !go_; });
    if (result_) return Turn::kOver;
    return go_ ? Turn::kRunning : Turn::kPaused;
}

void LoadTask::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
}

LoadState LoadTask::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

Result<Loaded> LoadTask::take() {
    const std::lock_guard lock(mutex_);
    Result<Loaded> result = std::move(*result_);
    result_.emplace(Status(Code::kInternal, {}));  // it was taken
    return result;
}

}  // namespace alv::local
