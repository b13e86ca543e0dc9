#include "local/task_queue.h"

#include <algorithm>
#include <utility>

namespace alv::local {

bool TaskQueue::add(std::shared_ptr<engine::Task> task) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    added_.push_back(std::move(task));
    ++n_tasks_;
    return true;
}

void TaskQueue::wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
}

bool TaskQueue::has_any() const {
    const std::lock_guard lock(mutex_);
    return n_tasks_ > 0;
}

bool TaskQueue::is_due(Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    return !added_.empty() || (is_woken_ && n_tasks_ > 0) || next_due_ <= now;
}

TaskQueue::Clock::time_point TaskQueue::next_due() const {
    const std::lock_guard lock(mutex_);
    return next_due_;
}

void TaskQueue::run() {
    std::vector<std::shared_ptr<engine::Task>> added;
    bool woken = false;
    {
        const std::lock_guard lock(mutex_);
        tasks_.reserve(tasks_.size() + added_.size());  // nothing may be lost on the way
        added.swap(added_);
        woken = std::exchange(is_woken_, false);
        if (added.empty() && tasks_.empty()) return;
    }
    for (auto& task : added) tasks_.push_back({std::move(task), Clock::time_point{}});
    const Clock::time_point now = Clock::now();
    for (Waiting& waiting : tasks_) {
        if (!woken && waiting.due > now) continue;
        try {
            waiting.due = waiting.task->run(now);
        } catch (...) {
            waiting.due = engine::Task::kOver;  // no memory: what it is for goes with it
        }
    }
    std::erase_if(tasks_, [](const Waiting& t) { return t.due == engine::Task::kOver; });
    Clock::time_point next = Clock::time_point::max();
    for (const Waiting& waiting : tasks_) next = std::min(next, waiting.due);
    const std::lock_guard lock(mutex_);
    n_tasks_ = tasks_.size() + added_.size();
    next_due_ = next;
}

void TaskQueue::close() {
    std::vector<std::shared_ptr<engine::Task>> dropped;
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        dropped.swap(added_);
        n_tasks_ = 0;
        next_due_ = Clock::time_point::max();
    }
    tasks_.clear();
}

}  // namespace alv::local
