#include "model/encoder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "base/checked.h"
#include "model/encoder_buffers.h"
#include "model/encoder_program.h"
#include "shared.h"

namespace alv::model {

namespace {

using Clock = std::chrono::steady_clock;
using text::TokenId;

struct EncoderState {
    std::shared_ptr<const Model> model;
    EncoderSizes sizes;
    EncoderBuffers buffers;
    std::vector<std::unique_ptr<gpu::Program>> programs;  // by blocks - 1; made when first needed
    double us_per_segment = 0;                            // moving average; 0: not known yet
    bool run_in_flight = false;

    gpu::Device& device() const { return *model->device(); }
};

class EncodeRun : public EncodeStep {
  public:
    EncodeRun(std::shared_ptr<EncoderState> state, const gpu::Program& program, uint32_t n_texts)
        : state_(std::move(state)), program_(program), n_texts_(n_texts) {
        state_->run_in_flight = true;
    }
    ~EncodeRun() override {
        // What was submitted must be over before the buffers are written again.
        if (submitted_ != 0) static_cast<void>(state_->device().wait(submitted_, UINT64_MAX));
        state_->run_in_flight = false;
    }
    EncodeRun(const EncodeRun&) = delete;
    EncodeRun& operator=(const EncodeRun&) = delete;

    Status submit_slice() override;
    bool all_submitted() const override { return next_ == program_.n_segments(); }
    Result<bool> wait(uint64_t timeout_ns) override;
    Result<std::vector<float>> result() override;

  private:
    std::shared_ptr<EncoderState> state_;
    const gpu::Program& program_;
    uint32_t n_texts_;
    uint32_t next_ = 0;       // first segment that is not submitted
    uint32_t in_flight_ = 0;  // segments
    uint64_t submitted_ = 0;  // timeline value of the last submit
    Clock::time_point slice_start_;
};

// As many segments as fit the time a submit may take; one until times are known.
Status EncodeRun::submit_slice() {
    if (all_submitted()) return ok_status();
    const auto budget = static_cast<double>(state_->device().plan().submit_budget_us);
    uint32_t count = 1;
    if (state_->us_per_segment > 0) {
        count = static_cast<uint32_t>(std::clamp(budget / state_->us_per_segment, 1.0, 1e6));
    }
    count = std::min(count, program_.n_segments() - next_);
    if (in_flight_ == 0) slice_start_ = Clock::now();
    ALV_ASSIGN_OR_RETURN(submitted_, state_->device().submit(program_, next_, count));
    next_ += count;
    in_flight_ += count;
    return ok_status();
}

Result<bool> EncodeRun::wait(uint64_t timeout_ns) {
    if (in_flight_ == 0) return true;
    ALV_ASSIGN_OR_RETURN(const bool done, state_->device().wait(submitted_, timeout_ns));
    if (!done) return false;
    const double us =
        std::chrono::duration<double, std::micro>(Clock::now() - slice_start_).count() / in_flight_;
    double& average = state_->us_per_segment;
    average = average <= 0 ? us : average * 0.75 + us * 0.25;
    in_flight_ = 0;
    return true;
}

Result<std::vector<float>> EncodeRun::result() {
    if (!all_submitted()) return invalid_state("the run is not submitted whole");
    ALV_ASSIGN_OR_RETURN(const bool done, wait(UINT64_MAX));
    if (!done) return internal_error("the run did not end");
    std::vector<float> out(size_t{n_texts_} * state_->model->hparams().dim);
    const gpu::BufferView& view = state_->buffers.vectors;
    std::memcpy(out.data(), view.buffer.mapped() + view.offset, out.size() * sizeof(float));
    return out;
}

template <typename T>
void write_at(const gpu::BufferView& view, uint64_t index, uint64_t stride, const T& value) {
    std::memcpy(view.buffer.mapped() + view.offset + index * stride, &value, sizeof value);
}

void write_steps(const EncoderState& state, uint32_t n_tokens, uint32_t n_texts) {
    const uint32_t each = state.sizes.block_tokens;
    const uint32_t n_blocks = state.sizes.max_tokens / each;
    for (uint32_t block = 0; block < n_blocks; ++block) {
        shared::Step step{};
        step.position = block * each;
        step.n_tokens = std::min(each, n_tokens - std::min(n_tokens, step.position));
        write_at(state.buffers.steps, block, kEncoderStepBytes, step);
    }
    shared::Step step{};
    step.n_tokens = n_texts;
    write_at(state.buffers.steps, n_blocks, kEncoderStepBytes, step);
}

void write_texts(const EncoderState& state, std::span<const std::vector<TokenId>> texts) {
    const bool only_first = state.model->hparams().pooling == Pooling::kCls;
    uint32_t first = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
        const auto n = static_cast<uint32_t>(texts[i].size());
        const shared::TokenPlace pooled{0, first, only_first ? first + 1 : first + n, 0};
        write_at(state.buffers.texts, i, sizeof pooled, pooled);
        for (uint32_t t = 0; t < n; ++t) {
            write_at(state.buffers.tokens, first + t, 4, static_cast<uint32_t>(texts[i][t]));
            const shared::TokenPlace place{t, first, first + n, 0};
            write_at(state.buffers.places, first + t, sizeof place, place);
        }
        first += n;
    }
}

class ProgramEncoder : public Encoder {
  public:
    explicit ProgramEncoder(std::shared_ptr<EncoderState> state) : state_(std::move(state)) {}

    uint32_t dim() const override { return state_->model->hparams().dim; }
    uint32_t max_text_tokens() const override { return state_->model->hparams().max_tokens; }
    uint32_t max_run_tokens() const override { return state_->sizes.max_tokens; }
    uint32_t max_run_texts() const override { return state_->sizes.max_texts; }
    Result<std::unique_ptr<EncodeStep>> begin(std::span<const std::vector<TokenId>> texts) override;
    Status warm_up();

  private:
    Result<uint32_t> check(std::span<const std::vector<TokenId>> texts) const;
    Result<const gpu::Program*> program_for(uint32_t n_tokens);

    std::shared_ptr<EncoderState> state_;
};

// How many tokens there are.
Result<uint32_t> ProgramEncoder::check(std::span<const std::vector<TokenId>> texts) const {
    if (state_->run_in_flight) return invalid_state("a run is in flight already");
    if (texts.empty() || texts.size() > max_run_texts()) {
        return invalid_argument("a run takes 1 to " + std::to_string(max_run_texts()) + " texts");
    }
    const auto n_vocab = static_cast<TokenId>(state_->model->hparams().n_vocab);
    size_t total = 0;
    for (const auto& text : texts) {
        if (text.empty() || text.size() > max_text_tokens()) {
            return invalid_argument("a text has 1 to " + std::to_string(max_text_tokens()) +
                                    " tokens, not " + std::to_string(text.size()));
        }
        for (const TokenId token : text) {
            if (token >= 0 && token < n_vocab) continue;
            return invalid_argument("token " + std::to_string(token) + " is not in the vocabulary");
        }
        total += text.size();
    }
    if (total > max_run_tokens()) {
        return invalid_argument("a run takes at most " + std::to_string(max_run_tokens()) +
                                " tokens");
    }
    return static_cast<uint32_t>(total);
}

Result<const gpu::Program*> ProgramEncoder::program_for(uint32_t n_tokens) {
    const auto n_blocks = static_cast<uint32_t>(div_up(n_tokens, state_->sizes.block_tokens));
    std::unique_ptr<gpu::Program>& program = state_->programs[n_blocks - 1];
    if (!program) {
        ALV_ASSIGN_OR_RETURN(
            program, record_encoder(*state_->model, state_->buffers, state_->sizes, n_blocks));
    }
    return program.get();
}

Result<std::unique_ptr<EncodeStep>> ProgramEncoder::begin(
    std::span<const std::vector<TokenId>> texts) {
    ALV_ASSIGN_OR_RETURN(const uint32_t n_tokens, check(texts));
    ALV_ASSIGN_OR_RETURN(const gpu::Program* program, program_for(n_tokens));
    const auto n_texts = static_cast<uint32_t>(texts.size());
    write_steps(*state_, n_tokens, n_texts);
    write_texts(*state_, texts);
    return std::unique_ptr<EncodeStep>(std::make_unique<EncodeRun>(state_, *program, n_texts));
}

// Runs every segment with no tokens: drivers that compile at the first dispatch do it now.
Status ProgramEncoder::warm_up() {
    gpu::Device& device = state_->device();
    write_steps(*state_, 0, 0);
    ALV_ASSIGN_OR_RETURN(const gpu::Program* program, program_for(1));
    ALV_ASSIGN_OR_RETURN(const uint64_t value, device.submit(*program, 0, program->n_segments()));
    return device.wait(value, UINT64_MAX).status();
}

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::create(std::shared_ptr<const Model> model) {
    if (!model->hparams().arch->encoder) {
        return invalid_argument("a decoder where an encoder is wanted");
    }
    auto state = std::make_shared<EncoderState>();
    state->model = std::move(model);
    gpu::Device& device = state->device();
    const HParams& hp = state->model->hparams();
    state->sizes = encoder_sizes(device.plan(), hp);
    ALV_ASSIGN_OR_RETURN(state->buffers, create_encoder_buffers(device, hp, state->sizes));
    state->programs.resize(state->sizes.max_tokens / state->sizes.block_tokens);
    const bool warm = device.plan().warm_by_dispatch;
    auto encoder = std::make_unique<ProgramEncoder>(std::move(state));
    if (warm) ALV_RETURN_IF_ERROR(encoder->warm_up());
    return std::unique_ptr<Encoder>(std::move(encoder));
}

}  // namespace alv::model
