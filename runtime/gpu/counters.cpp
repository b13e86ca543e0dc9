#include "gpu/counters.h"

#include <algorithm>

namespace alv::gpu {

void Counters::submitted(uint64_t value, uint32_t n_dispatches) {
    const std::lock_guard lock(mutex_);
    if (seen_ >= newest_) since_ = Clock::now();
    newest_ = value;
    ++work_.submits;
    work_.dispatches += n_dispatches;
}

void Counters::finished(uint64_t value) {
    const std::lock_guard lock(mutex_);
    if (seen_ >= newest_ || value <= seen_) return;
    const auto now = Clock::now();
    const double us = std::chrono::duration<double, std::micro>(now - since_).count();
    work_.busy_us += us;
    work_.longest_submit_us = std::max(work_.longest_submit_us, us);
    seen_ = value;
    since_ = now;
}

void Counters::add(std::span<const OpTime> times) {
    const std::lock_guard lock(mutex_);
    for (const OpTime& time : times) {
        OpTotal& total = ops_[time.name];
        total.name = time.name;
        ++total.calls;
        total.microseconds += time.microseconds;
    }
}

WorkDone Counters::work() const {
    const std::lock_guard lock(mutex_);
    return work_;
}

std::vector<OpTotal> Counters::ops() const {
    const std::lock_guard lock(mutex_);
    std::vector<OpTotal> out;
    for (const auto& [name, total] : ops_) out.push_back(total);
    return out;
}

void Counters::reset() {
    const std::lock_guard lock(mutex_);
    work_ = {};
    ops_.clear();
    since_ = Clock::now();
}

}  // namespace alv::gpu
