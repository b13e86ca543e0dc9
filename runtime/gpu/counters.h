// What a device was given to do, counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "gpu/recorder.h"

namespace alv::gpu {

struct WorkDone {
    uint64_t submits = 0;     // of programs; not of transfers
    uint64_t dispatches = 0;  // in them
    double busy_us = 0;       // something was submitted whose end had not been seen
    // From a submit, or the end of the one before it, until somebody saw its end; such that nobody
    // waited for one by one count as one.
    double longest_submit_us = 0;
};

// Device time of all runs of one operation.
struct OpTotal {
    std::string name;
    uint64_t calls = 0;
    double microseconds = 0;
};

// Thread-safe.
class Counters {
  public:
    void submitted(uint64_t value, uint32_t n_dispatches);
    // All up to `value` is done.
    void finished(uint64_t value);
    void add(std::span<const OpTime> times);
    WorkDone work() const;
    std::vector<OpTotal> ops() const;  // by name
    void reset();

  private:
    using Clock = std::chrono::steady_clock;

    mutable std::mutex mutex_;
    WorkDone work_;
    std::map<std::string, OpTotal> ops_;
    uint64_t newest_ = 0;  // value of the last submit
    uint64_t seen_ = 0;    // all up to here was seen to be done
    Clock::time_point since_;
};

}  // namespace alv::gpu
