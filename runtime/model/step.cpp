// A step in flight: which segments of which program, how many a submit, and what came out.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/checked.h"
#include "model/decoder_state.h"
#include "shared.h"

namespace alv::model {

namespace {

using Clock = std::chrono::steady_clock;

class StepRun : public Step {
  public:
    StepRun(std::shared_ptr<DecoderState> state, StepProgram& program,
            std::span<const StepRequest> requests)
        : state_(std::move(state)), program_(program) {
        bool sample = false;
        bool report = false;
        for (const StepRequest& request : requests) {
            rows_.push_back({static_cast<PagedSequence*>(request.sequence),
                             static_cast<uint32_t>(request.tokens.size()), request.sample,
                             request.n_top});
            n_tokens_ += rows_.back().n_tokens;
            sample = sample || request.sample;
            report = report || (request.sample && request.n_top > 0);
        }
        n_segments_ = program_.n_layer_segments;
        if (sample && rows_.size() == 1) n_segments_ += report ? 3 : 2;
        if (sample && rows_.size() > 1) {
            n_segments_ += static_cast<uint32_t>(div_up(rows_.size(), program_.logit_rows));
        }
        state_->step_in_flight = true;
    }
    ~StepRun() override {
        // What was submitted must be over before the buffers are written again.
        if (submitted_ != 0) static_cast<void>(state_->device().wait(submitted_, UINT64_MAX));
        state_->step_in_flight = false;
    }
    StepRun(const StepRun&) = delete;
    StepRun& operator=(const StepRun&) = delete;

    Status submit_slice() override;
    bool all_submitted() const override { return next_ == n_segments_; }
    Result<bool> wait(uint64_t timeout_ns) override;
    Result<std::vector<StepResult>> results() override;
    void drop(uint32_t request) override { rows_[request].sequence = nullptr; }

  private:
    struct Row {
        PagedSequence* sequence;  // null: nobody waits for it
        uint32_t n_tokens;
        bool sample;
        uint32_t n_top;
    };

    // The tail of one sequence is cheap after its head: it is taken whole or not at all.
    uint32_t tail_segments() const {
        return rows_.size() > 1 ? 1 : n_segments_ - program_.n_layer_segments;
    }
    uint32_t slice_segments() const;
    void learn(double microseconds);
    StepResult result_of(uint32_t row) const;

    std::shared_ptr<DecoderState> state_;
    StepProgram& program_;
    std::vector<Row> rows_;
    uint32_t n_tokens_ = 0;
    uint32_t n_segments_ = 0;
    uint32_t next_ = 0;         // first segment that is not submitted
    uint32_t slice_first_ = 0;  // of the slice in flight
    uint64_t submitted_ = 0;    // timeline value of the last submit
    bool in_flight_ = false;
    Clock::time_point slice_start_;
};

// As many segments as fit the time a submit may take; one until times are known.
uint32_t StepRun::slice_segments() const {
    const auto budget = static_cast<double>(state_->device().plan().submit_budget_us);
    const double each = program_.cost.us_per_token * n_tokens_;
    if (each <= 0) return 1;
    double time = 0;
    uint32_t count = 0;
    while (next_ + count < n_segments_) {
        const bool layer = next_ + count < program_.n_layer_segments;
        time += layer ? each : program_.cost.us_tail;
        if (count > 0 && time > budget) break;
        count += layer ? 1 : tail_segments();
    }
    return count;
}

Status StepRun::submit_slice() {
    if (all_submitted()) return ok_status();
    const uint32_t count = slice_segments();
    if (!in_flight_) {
        slice_first_ = next_;
        slice_start_ = Clock::now();
    }
    ALV_ASSIGN_OR_RETURN(submitted_, state_->device().submit(*program_.program, next_, count));
    next_ += count;
    in_flight_ = true;
    return ok_status();
}

// Times of what ran since nothing was in flight, as a moving average.
void StepRun::learn(double microseconds) {
    SegmentCost& cost = program_.cost;
    const uint32_t n_layers = program_.n_layer_segments;
    const auto blend = [](double& average, double value) {
        average = average <= 0 ? value : average * 0.75 + value * 0.25;
    };
    if (next_ <= n_layers) {
        blend(cost.us_per_token, microseconds / (next_ - slice_first_) / n_tokens_);
        return;
    }
    const uint32_t first_tail = std::max(slice_first_, n_layers);
    const double layers = cost.us_per_token * n_tokens_ * (first_tail - slice_first_);
    const auto n_tails = static_cast<double>(div_up(next_ - first_tail, tail_segments()));
    blend(cost.us_tail, std::max(1.0, (microseconds - layers) / n_tails));
}

Result<bool> StepRun::wait(uint64_t timeout_ns) {
    if (!in_flight_) return true;
    ALV_ASSIGN_OR_RETURN(const bool done, state_->device().wait(submitted_, timeout_ns));
    if (!done) return false;
    in_flight_ = false;
    learn(std::chrono::duration<double, std::micro>(Clock::now() - slice_start_).count());
    return true;
}

StepResult StepRun::result_of(uint32_t row) const {
    StepResult result;
    if (!rows_[row].sequence || !rows_[row].sample) return result;
    const gpu::BufferView& view = state_->buffers.answer;
    shared::Drawn drawn;
    std::memcpy(&drawn, view.buffer.mapped() + view.offset + row * sizeof drawn, sizeof drawn);
    result.token = static_cast<TokenId>(drawn.token);
    if (rows_[row].n_top == 0) return result;
    result.logprob = drawn.logprob;
    for (uint32_t i = 0; i < rows_[row].n_top; ++i) {
        float logprob;
        std::memcpy(&logprob, &drawn.top[2 * i + 1], sizeof logprob);
        result.top.emplace_back(static_cast<TokenId>(drawn.top[2 * i]), logprob);
    }
    return result;
}

Result<std::vector<StepResult>> StepRun::results() {
    if (!all_submitted()) return invalid_state("the step is not submitted whole");
    ALV_ASSIGN_OR_RETURN(const bool done, wait(UINT64_MAX));
    if (!done) return internal_error("the step did not end");
    std::vector<StepResult> results;
    results.reserve(rows_.size());
    for (uint32_t row = 0; row < rows_.size(); ++row) results.push_back(result_of(row));
    for (const Row& row : rows_) {
        if (row.sequence) row.sequence->advance(row.n_tokens);
    }
    return results;
}

StepProgram& program_for(DecoderState& state, std::span<const StepRequest> requests) {
    if (requests.size() == 1) return requests[0].tokens.size() == 1 ? state.decode : state.prefill;
    return *std::find_if(state.batches.begin(), state.batches.end(), [&](const StepProgram& batch) {
        return batch.rows.n_sequences >= requests.size();
    });
}

}  // namespace

Result<std::unique_ptr<Step>> begin_step(const std::shared_ptr<DecoderState>& state,
                                         std::span<const StepRequest> requests) {
    ALV_RETURN_IF_ERROR(write_step(*state, requests));
    return std::unique_ptr<Step>(
        std::make_unique<StepRun>(state, program_for(*state, requests), requests));
}

}  // namespace alv::model
