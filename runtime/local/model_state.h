// A model as the scheduler keeps it: loading, loaded, lost and loaded again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "local/guide_cache.h"
#include "local/kv_state.h"
#include "local/load_task.h"
#include "local/loaded.h"

namespace alv::local {

// The numbers are those of ALV_MODEL_... in include/alviss/model.h (a test compares them).
enum class ModelPhase : uint32_t { kLoading = 1, kReady = 2, kFailed = 3 };

struct ModelProgress {
    ModelPhase phase = ModelPhase::kLoading;
    model::LoadStage stage = model::LoadStage::kTokenizer;
    float fraction = 0;
    uint64_t done = 0;
    uint64_t total = 0;
};

// Called by the scheduler with no lock held; false: the host failed to take it.
using ModelProgressSink = std::function<bool(const ModelProgress&)>;

class ModelState {
  public:
    ModelState(LoadSource load_source, ModelProgressSink progress_sink)
        : source(std::move(load_source)), sink(std::move(progress_sink)) {}

    // Any thread.
    ModelProgress progress() const;
    Status error() const;
    double load_ms() const;
    std::shared_ptr<const TextSide> text() const;  // null unless ready
    // Of the last load that succeeded, also while it is loaded again; 0 and nullopt before.
    uint32_t n_vocab() const;
    std::optional<Facts> facts() const;
    // Waits until the model is ready or failed: true; false at the deadline.
    bool wait(Clock::time_point deadline) const;
    std::atomic<bool> cancel_requested{false};
    std::atomic<bool> closed{false};

    // The scheduler only.
    void begin_load();
    void report(const LoadState& state);
    void finish_load(Result<Loaded> result);
    void drop_device_side();  // sequences first, then the decoder
    const LoadSource source;
    const ModelProgressSink sink;
    std::unique_ptr<LoadTask> load;
    std::unique_ptr<model::Decoder> decoder;
    std::unique_ptr<model::Encoder> encoder;
    GuideCache guides;
    std::vector<std::shared_ptr<KvState>> conversations;

  private:
    void publish(const ModelProgress& progress, const Status& error,
                 std::shared_ptr<const TextSide> text);

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    ModelProgress progress_;
    Status error_;
    std::shared_ptr<const TextSide> text_;
    Clock::time_point started_ = Clock::now();
    double load_ms_ = 0;
    uint32_t n_vocab_ = 0;
    std::optional<Facts> facts_;
    bool sink_failed_ = false;
};

}  // namespace alv::local
