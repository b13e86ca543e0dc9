// A step in flight: which segments of which program, how many a submit, and what came out.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "model/decoder_state.h"
#include "shared.h"

namespace alv::model {

namespace {

using Clock = std::chrono::steady_clock;

void write_u32(const gpu::BufferView& view, uint64_t index, uint32_t value) {
    std::memcpy(view.buffer.mapped() + view.offset + index * 4, &value, sizeof value);
}

class StepRun : public Step {
  public:
    StepRun(std::shared_ptr<DecoderState> state, PagedSequence& sequence, uint32_t n_tokens,
            bool sample, uint32_t n_top)
        : state_(std::move(state)),
          sequence_(sequence),
          n_tokens_(n_tokens),
          sample_(sample),
          n_top_(n_top),
          decoding_(n_tokens == 1),
          n_segments_(last_segment()) {
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
    Result<StepResult> result() override;

  private:
    const ForwardProgram& forward() const { return decoding_ ? state_->decode : state_->prefill; }
    SegmentCost& cost() const { return decoding_ ? state_->decode_cost : state_->prefill_cost; }
    uint32_t last_segment() const {
        const ForwardProgram& program = forward();
        if (!sample_) return program.n_layer_segments;
        return program.report_segment + (n_top_ > 0 ? 1 : 0);
    }
    uint32_t slice_segments() const;
    void learn(double microseconds);

    std::shared_ptr<DecoderState> state_;
    PagedSequence& sequence_;
    uint32_t n_tokens_;
    bool sample_;
    uint32_t n_top_;
    bool decoding_;
    uint32_t n_segments_;
    uint32_t next_ = 0;         // first segment that is not submitted
    uint32_t slice_first_ = 0;  // of the slice in flight
    uint64_t submitted_ = 0;    // timeline value of the last submit
    bool in_flight_ = false;
    Clock::time_point slice_start_;
};

// As many segments as fit the time a submit may take; one until times are known.
uint32_t StepRun::slice_segments() const {
    const auto budget = static_cast<double>(state_->device().plan().submit_budget_us);
    const ForwardProgram& program = forward();
    const double each = cost().us_per_token * n_tokens_;
    double time = 0;
    uint32_t count = 0;
    while (next_ + count < n_segments_) {
        const bool layer = next_ + count < program.n_layer_segments;
        if (each <= 0) return 1;
        // The tail is cheap to begin with its head: it is taken whole or not at all.
        time += layer ? each : cost().us_tail;
        if (count > 0 && time > budget) break;
        count += layer ? 1 : n_segments_ - next_ - count;
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
    ALV_ASSIGN_OR_RETURN(submitted_, state_->device().submit(*forward().program, next_, count));
    next_ += count;
    in_flight_ = true;
    return ok_status();
}

// Times of what ran since nothing was in flight, as a moving average.
void StepRun::learn(double microseconds) {
    const uint32_t n_layers = forward().n_layer_segments;
    const auto blend = [](double& average, double value) {
        average = average <= 0 ? value : average * 0.75 + value * 0.25;
    };
    if (next_ <= n_layers) {
        blend(cost().us_per_token, microseconds / (next_ - slice_first_) / n_tokens_);
    } else if (slice_first_ >= n_layers) {
        blend(cost().us_tail, microseconds);
    } else {
        const double layers = cost().us_per_token * n_tokens_ * (n_layers - slice_first_);
        blend(cost().us_tail, std::max(1.0, microseconds - layers));
    }
}

Result<bool> StepRun::wait(uint64_t timeout_ns) {
    if (!in_flight_) return true;
    ALV_ASSIGN_OR_RETURN(const bool done, state_->device().wait(submitted_, timeout_ns));
    if (!done) return false;
    in_flight_ = false;
    learn(std::chrono::duration<double, std::micro>(Clock::now() - slice_start_).count());
    return true;
}

Result<StepResult> StepRun::result() {
    if (!all_submitted()) return invalid_state("the step is not submitted whole");
    ALV_ASSIGN_OR_RETURN(const bool done, wait(UINT64_MAX));
    if (!done) return internal_error("the step did not end");
    sequence_.advance(n_tokens_);
    StepResult result;
    if (!sample_) return result;
    const gpu::BufferView& view = state_->buffers.answer;
    const uint8_t* const bytes = view.buffer.mapped() + view.offset;
    shared::Drawn drawn;
    std::memcpy(&drawn, bytes, sizeof drawn);
    result.token = static_cast<TokenId>(drawn.token);
    if (n_top_ == 0) return result;
    result.logprob = drawn.logprob;
    for (uint32_t i = 0; i < n_top_; ++i) {
        struct {
            uint32_t token;
            float logprob;
        } pair;
        std::memcpy(&pair, bytes + sizeof drawn + i * sizeof pair, sizeof pair);
        result.top.emplace_back(static_cast<TokenId>(pair.token), pair.logprob);
    }
    return result;
}

Status check(const DecoderState& state, const StepRequest& request) {
    if (state.step_in_flight) return invalid_state("a step is in flight already");
    if (request.sequence == nullptr) return invalid_argument("a step needs a sequence");
    const size_t n = request.tokens.size();
    if (n == 0 || n > state.prefill.max_tokens) {
        return invalid_argument("a step takes 1 to " + std::to_string(state.prefill.max_tokens) +
                                " tokens, not " + std::to_string(n));
    }
    const auto n_vocab = static_cast<TokenId>(state.model->hparams().n_vocab);
    for (const TokenId token : request.tokens) {
        if (token < 0 || token >= n_vocab) {
            return invalid_argument("token " + std::to_string(token) + " is not in the vocabulary");
        }
    }
    if (request.penalty_tokens.size() > kMaxPenaltyTokens || request.n_top > kMaxTopLogprobs) {
        return invalid_argument("too many penalty tokens or log-probabilities");
    }
    if (!request.allowed.empty() &&
        request.allowed.size() != (state.model->tokenizer().size() + 31) / 32) {
        return invalid_argument("the mask does not fit the vocabulary");
    }
    return ok_status();
}

shared::Step step_header(const StepRequest& request, uint32_t position) {
    const SamplerParams& sampler = request.sampler;
    shared::Step step{};
    step.n_tokens = static_cast<uint32_t>(request.tokens.size());
    step.position = position;
    step.n_top = request.n_top;
    step.masked = request.allowed.empty() ? 0 : 1;
    step.top_k = sampler.top_k;
    step.seed_low = static_cast<uint32_t>(sampler.seed);
    step.seed_high = static_cast<uint32_t>(sampler.seed >> 32);
    step.draw = position + step.n_tokens;
    step.temperature = sampler.temperature;
    step.top_p = sampler.top_p > 0 ? sampler.top_p : 1.0f;
    step.min_p = sampler.min_p;
    step.repeat_penalty = sampler.repeat_penalty > 0 ? sampler.repeat_penalty : 1.0f;
    return step;
}

void write_step(const DecoderState& state, const PagedSequence& sequence,
                const StepRequest& request) {
    const StepBuffers& buffers = state.buffers;
    shared::Step step = step_header(request, sequence.length());
    std::vector<TokenId> penalty(request.penalty_tokens.begin(), request.penalty_tokens.end());
    std::sort(penalty.begin(), penalty.end());
    penalty.erase(std::unique(penalty.begin(), penalty.end()), penalty.end());
    const auto n_vocab = static_cast<TokenId>(
        std::min(state.model->hparams().n_vocab, state.model->tokenizer().size()));
    for (const TokenId token : penalty) {
        if (token < 0 || token >= n_vocab) continue;
        write_u32(buffers.penalty, step.n_penalty++, static_cast<uint32_t>(token));
    }
    for (size_t i = 0; i < request.tokens.size(); ++i) {
        write_u32(buffers.tokens, i, static_cast<uint32_t>(request.tokens[i]));
    }
    for (size_t i = 0; i < sequence.pages().size(); ++i) {
        write_u32(buffers.pages, i, sequence.pages()[i]);
    }
    if (step.masked != 0) {
        std::memcpy(buffers.allowed.buffer.mapped() + buffers.allowed.offset,
                    request.allowed.data(), request.allowed.size_bytes());
    }
    std::memcpy(buffers.step.buffer.mapped() + buffers.step.offset, &step, sizeof step);
}

}  // namespace

Result<std::unique_ptr<Step>> begin_step(const std::shared_ptr<DecoderState>& state,
                                         const StepRequest& request) {
    ALV_RETURN_IF_ERROR(check(*state, request));
    auto& sequence = static_cast<PagedSequence&>(*request.sequence);
    const auto n_tokens = static_cast<uint32_t>(request.tokens.size());
    ALV_RETURN_IF_ERROR(sequence.reserve(n_tokens));
    write_step(*state, sequence, request);
    return std::unique_ptr<Step>(
        std::make_unique<StepRun>(state, sequence, n_tokens, request.sample, request.n_top));
}

}  // namespace alv::model
