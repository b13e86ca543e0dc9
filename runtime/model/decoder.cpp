#include "model/decoder.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "model/decoder_state.h"
#include "model/memory_plan.h"
#include "shared.h"

namespace alv::model {

static_assert(kMaxTopLogprobs == shared::kMaxTop && kMaxPenaltyTokens == shared::kMaxPenalty);

namespace {

class ProgramDecoder : public Decoder {
  public:
    explicit ProgramDecoder(std::shared_ptr<DecoderState> state) : state_(std::move(state)) {}

    const Model& model() const override { return *state_->model; }
    uint32_t max_step_tokens() const override { return state_->sizes.max_tokens; }
    uint32_t max_batch() const override { return state_->sizes.max_batch; }
    uint32_t max_draft() const override { return state_->draft.rows.n_sequences - 1; }
    uint32_t least_batch() const override { return state_->device().plan().least_batch; }
    uint32_t kv_tokens_free() const override {
        return state_->kv->n_free_pages() * shared::kPageTokens;
    }
    Result<std::unique_ptr<Sequence>> create_sequence(uint32_t max_tokens) override;
    Result<std::unique_ptr<Step>> begin_batch(std::span<const StepRequest> requests) override {
        return begin_step(state_, requests);
    }
    Result<std::vector<float>> score(Sequence& sequence, std::span<const TokenId> tokens,
                                     uint32_t chunk) override;
    Result<std::vector<gpu::OpTime>> profile(bool prefill) const override {
        return (prefill ? state_->prefill : state_->decode).program->profile();
    }

  private:
    Status prepare_score();
    Status score_chunk(Sequence& sequence, std::span<const TokenId> chunk,
                       std::span<const TokenId> targets, std::vector<float>& out);

    std::shared_ptr<DecoderState> state_;
};

Result<std::unique_ptr<Sequence>> ProgramDecoder::create_sequence(uint32_t max_tokens) {
    const uint32_t pool = state_->kv->n_pages() * shared::kPageTokens;
    if (max_tokens == 0 || max_tokens > pool) {
        return limit_exceeded("a sequence of " + std::to_string(max_tokens) +
                              " tokens: the model was loaded with a kv cache of " +
                              std::to_string(pool));
    }
    return std::unique_ptr<Sequence>(std::make_unique<PagedSequence>(state_->kv, max_tokens));
}

Status run_all(Step& step) {
    while (!step.all_submitted()) {
        ALV_RETURN_IF_ERROR(step.submit_slice());
        ALV_ASSIGN_OR_RETURN(const bool done, step.wait(UINT64_MAX));
        if (!done) return internal_error("a step did not end");
    }
    return ok_status();
}

Status ProgramDecoder::prepare_score() {
    if (state_->score != nullptr) return ok_status();
    ALV_ASSIGN_OR_RETURN(state_->score,
                         record_score({state_->model.get(), state_->kv.get(), &state_->buffers}));
    return ok_status();
}

Status ProgramDecoder::score_chunk(Sequence& sequence, std::span<const TokenId> chunk,
                                   std::span<const TokenId> targets, std::vector<float>& out) {
    gpu::Device& device = state_->device();
    const StepBuffers& buffers = state_->buffers;
    StepRequest request;
    request.sequence = &sequence;
    request.tokens = chunk;
    ALV_ASSIGN_OR_RETURN(const std::unique_ptr<Step> step, begin(request));
    ALV_RETURN_IF_ERROR(run_all(*step));
    std::memcpy(buffers.targets.buffer.mapped() + buffers.targets.offset, targets.data(),
                targets.size_bytes());
    shared::Step header;
    uint8_t* const at = buffers.step.buffer.mapped() + buffers.step.offset;
    std::memcpy(&header, at, sizeof header);
    for (uint32_t first = 0; first < targets.size(); first += kScoreRows) {
        header.score_first = first;
        header.n_score = std::min(kScoreRows, static_cast<uint32_t>(targets.size()) - first);
        std::memcpy(at, &header, sizeof header);
        ALV_ASSIGN_OR_RETURN(const uint64_t value,
                             device.submit(*state_->score, 0, state_->score->n_segments()));
        ALV_ASSIGN_OR_RETURN(const bool done, device.wait(value, UINT64_MAX));
        if (!done) return internal_error("scoring did not end");
    }
    const uint8_t* const scores = buffers.scores.buffer.mapped() + buffers.scores.offset;
    const size_t before = out.size();
    out.resize(before + targets.size());
    std::memcpy(out.data() + before, scores, targets.size() * sizeof(float));
    return step->result().status();
}

Result<std::vector<float>> ProgramDecoder::score(Sequence& sequence,
                                                 std::span<const TokenId> tokens, uint32_t chunk) {
    if (sequence.length() != 0) return invalid_argument("scoring starts with an empty sequence");
    if (tokens.size() < 2) return invalid_argument("scoring needs two tokens or more");
    ALV_RETURN_IF_ERROR(prepare_score());
    const uint32_t most = max_step_tokens();
    const uint32_t size = chunk == 0 ? most : std::min(chunk, most);
    std::vector<float> out;
    for (size_t at = 0; at + 1 < tokens.size(); at += size) {
        const size_t n = std::min<size_t>(size, tokens.size() - 1 - at);
        ALV_RETURN_IF_ERROR(
            score_chunk(sequence, tokens.subspan(at, n), tokens.subspan(at + 1, n), out));
    }
    return out;
}

// Runs every segment with no tokens: drivers that compile at the first dispatch do it now.
Status warm_up(const DecoderState& state) {
    gpu::Device& device = state.device();
    const gpu::BufferView& step = state.buffers.step;
    std::memset(step.buffer.mapped() + step.offset, 0, step.size_bytes);
    uint64_t value = 0;
    for (const StepProgram* forward : {&state.decode, &state.prefill}) {
        const gpu::Program& program = *forward->program;
        ALV_ASSIGN_OR_RETURN(value, device.submit(program, 0, program.n_segments()));
    }
    return device.wait(value, UINT64_MAX).status();
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::create(std::shared_ptr<const Model> model) {
    auto state = std::make_shared<DecoderState>();
    state->model = std::move(model);
    gpu::Device& device = state->device();
    const HParams& hp = state->model->hparams();
    ALV_ASSIGN_OR_RETURN(state->kv, KvPool::create(device, hp, state->model->kv_tokens()));
    const StepSizes sizes =
        step_sizes(device.plan(), has_separate_gate_up(state->model->weights().layers),
                   state->model->kv_tokens());
    state->sizes = sizes;
    ALV_ASSIGN_OR_RETURN(state->buffers, create_step_buffers(device, hp, sizes));
    const ForwardContext context{state->model.get(), state->kv.get(), &state->buffers};
    constexpr uint32_t kDraftRows = 8;
    const auto record = [&](const ops::StepRows& rows) -> Result<StepProgram> {
        ALV_ASSIGN_OR_RETURN(ForwardProgram program,
                             record_forward(context, rows, sizes.logit_rows));
        return StepProgram{std::move(program), {}};
    };
    ALV_ASSIGN_OR_RETURN(state->decode, record({1, 1}));
    ALV_ASSIGN_OR_RETURN(state->prefill, record({sizes.max_tokens, 1}));
    // A program is sized for its most rows: few rows in a large one leave threads idle.
    for (uint32_t n = std::min(8u, sizes.max_batch); n > 1; n = std::min(2 * n, sizes.max_batch)) {
        ALV_ASSIGN_OR_RETURN(StepProgram batch, record({1, n}));
        state->batches.push_back(std::move(batch));
        if (n == sizes.max_batch) break;
    }
    ALV_ASSIGN_OR_RETURN(state->draft, record({1, std::min(kDraftRows, sizes.max_batch), true}));
    if (device.plan().warm_by_dispatch) ALV_RETURN_IF_ERROR(warm_up(*state));
    return std::unique_ptr<Decoder>(std::make_unique<ProgramDecoder>(std::move(state)));
}

}  // namespace alv::model
