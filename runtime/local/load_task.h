// A load that runs piece by piece: on a thread of its own, but only while somebody lets it. So a
// load never touches the device at the same time as the scheduler, and a host without worker
// threads decides when it works.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "local/loaded.h"

namespace alv::local {

using Clock = std::chrono::steady_clock;

struct LoadState {
    model::LoadStage stage = model::LoadStage::kTokenizer;
    uint64_t done = 0;
    uint64_t total = 0;
};

// One user, but for cancel(), which is thread-safe.
class LoadTask {
  public:
    using Body = std::function<Result<Loaded>(const LoadProgress&)>;
    enum class Turn : uint32_t {
        kPaused,   // waits for the next run_until
        kRunning,  // did not come to a pause in time: let nothing else touch the device yet
        kOver,     // take() has the result
    };

    // Fails when the system gives no thread.
    static Result<std::unique_ptr<LoadTask>> start(Body body);
    ~LoadTask();  // cancels and waits
    LoadTask(const LoadTask&) = delete;
    LoadTask& operator=(const LoadTask&) = delete;

    // Lets the load work until about `deadline`; returns then at the latest.
    Turn run_until(Clock::time_point deadline);
    void cancel();
    LoadState state() const;
    Result<Loaded> take();

  private:
    LoadTask() = default;
    void thread_main(const Body& body);
    bool on_progress(model::LoadStage stage, uint64_t done, uint64_t total);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;
    Clock::time_point deadline_{};
    LoadState state_;
    bool go_ = false;  // the load may work; false again when it has paused
    bool cancelled_ = false;
    std::optional<Result<Loaded>> result_;
};

}  // namespace alv::local
