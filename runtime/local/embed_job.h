// Texts on their way to vectors: packed into runs of the encoder, each moved slice by slice.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "local/model_state.h"
#include "model/encoder.h"

namespace alv::local {

// What the model reads of a text: between its begin and end tokens, at most `max_tokens` with them
// (0: all).
Result<std::vector<text::TokenId>> embedding_tokens(const TextSide& side, std::string_view plain,
                                                    uint32_t max_tokens);

class EmbedJob : public engine::Ticket {
  public:
    EmbedJob(std::vector<std::string> texts, std::shared_ptr<ModelState> model,
             engine::Embedder::Done done)
        : texts_(std::move(texts)), model_(std::move(model)), done_(std::move(done)) {}

    // Any thread.
    void cancel() override { cancelled_ = true; }
    bool cancelled() const { return cancelled_; }

    // The scheduler only, from here on.
    // Where a lost device is noted, before anybody hears of it.
    void note_loss_in(std::atomic<bool>* flag) { lost_flag_ = flag; }
    ModelState& model() const { return *model_; }
    bool over() const { return over_; }
    bool abandoned() const { return !failure_.ok(); }
    const Status& failure() const { return failure_; }
    bool running() const { return step_ != nullptr; }
    bool slice_in_flight() const { return slice_in_flight_; }
    // One unit of work: a slice submitted and waited for until `deadline` at the latest.
    void advance(Clock::time_point deadline);
    // Lets go of the device; what is told then, tell_failure() tells.
    void abandon(const Status& status);
    void tell_failure();
    void fail(const Status& status) {
        abandon(status);
        tell_failure();
    }

  private:
    Status begin_run();
    void take_result();
    void tell(Result<std::vector<float>> result);

    std::vector<std::string> texts_;
    std::shared_ptr<ModelState> model_;
    engine::Embedder::Done done_;
    std::atomic<bool> cancelled_{false};

    bool over_ = false;
    Status failure_;
    std::atomic<bool>* lost_flag_ = nullptr;
    size_t next_ = 0;                         // the first text that is not in a run yet
    std::vector<text::TokenId> next_tokens_;  // of it, if they did not fit into the last run
    std::vector<float> vectors_;
    std::unique_ptr<model::EncodeStep> step_;
    bool slice_in_flight_ = false;
};

}  // namespace alv::local
