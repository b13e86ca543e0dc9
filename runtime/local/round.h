// One step of a model: a part of a prompt, or a token more of several replies at once.
#pragma once

#include <memory>
#include <vector>

#include "local/generation.h"

namespace alv::local {

// The scheduler's thread only.
class Round {
  public:
    // Of one or more generations of one model; more than one want one token each.
    explicit Round(std::vector<std::shared_ptr<Generation>> generations);

    ModelState& model() const { return *model_; }
    bool has(const Generation& generation) const;
    // One unit of work: a slice submitted and waited for until `deadline` at the latest. True when
    // the round is over. Who was cancelled leaves between slices. What fails for one generation
    // ends that one; what fails for all is told to all.
    bool advance(Clock::time_point deadline);
    // Ends it for all; what is in flight is abandoned.
    void fail(const Status& status);
    bool lost_device() const { return lost_device_; }

  private:
    bool begin();
    void take_results();
    bool let_go();

    const std::shared_ptr<ModelState> model_;
    // Whose request is row i of the step; null: gone.
    std::vector<std::shared_ptr<Generation>> rows_;
    std::unique_ptr<model::Step> step_;
    bool slice_in_flight_ = false;
    bool lost_device_ = false;
};

}  // namespace alv::local
