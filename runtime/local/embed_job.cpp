#include "local/embed_job.h"

#include <new>
#include <span>
#include <utility>

namespace alv::local {
namespace {

uint64_t ns_until(Clock::time_point deadline) {
    const auto now = Clock::now();
    if (deadline <= now) return 0;
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - now).count());
}

}  // namespace

Result<std::vector<text::TokenId>> embedding_tokens(const TextSide& side, std::string_view plain,
                                                    uint32_t max_tokens) {
    const text::Vocabulary& vocabulary = side.tokenizer->vocabulary();
    std::vector<text::TokenId> tokens;
    if (vocabulary.bos != text::kNoToken) tokens.push_back(vocabulary.bos);
    const text::TextPart part{plain, false};
    ALV_RETURN_IF_ERROR(side.tokenizer->encode(std::span(&part, 1), tokens));
    const size_t n_end = vocabulary.eos != text::kNoToken ? 1 : 0;
    if (max_tokens != 0 && tokens.size() + n_end > max_tokens) tokens.resize(max_tokens - n_end);
    if (n_end != 0) tokens.push_back(vocabulary.eos);
    return tokens;
}

void EmbedJob::advance(Clock::time_point deadline) {
    if (!step_) {
        if (next_ == texts_.size()) return tell(std::move(vectors_));
        if (const Status status = begin_run(); !status.ok()) return fail(status);
    }
    if (!slice_in_flight_) {
        if (const Status status = step_->submit_slice(); !status.ok()) return fail(status);
        slice_in_flight_ = true;
    }
    const Result<bool> done = step_->wait(ns_until(deadline));
    if (!done.ok()) return fail(done.status());
    if (!*done) return;
    slice_in_flight_ = false;
    if (cancelled_) return fail(alv::cancelled("the embedding was cancelled"));
    if (step_->all_submitted()) take_result();
}

// As many of the next texts as fit into one run. They are tokenized here, so that a long list does
// not hold up others.
Status EmbedJob::begin_run() {
    if (model_->closed) return alv::cancelled("the model was released");
    const std::shared_ptr<const TextSide> side = model_->text();
    if (!side || !model_->encoder) {
        const Status why = model_->error();
        return why.ok() ? invalid_state("the model is no longer loaded") : why;
    }
    model::Encoder& encoder = *model_->encoder;
    std::vector<std::vector<text::TokenId>> run;
    size_t n_tokens = 0;
    while (next_ < texts_.size() && run.size() < encoder.max_run_texts()) {
        if (next_tokens_.empty()) {
            auto read = embedding_tokens(*side, texts_[next_], encoder.max_text_tokens());
            if (!read.ok()) {
                return std::move(read).status().annotate("text " + std::to_string(next_));
            }
            next_tokens_ = std::move(read).value();
        }
        if (next_tokens_.empty()) {
            return invalid_argument("text " + std::to_string(next_) + " has no tokens");
        }
        if (n_tokens + next_tokens_.size() > encoder.max_run_tokens()) break;
        n_tokens += next_tokens_.size();
        run.push_back(std::exchange(next_tokens_, {}));
        std::string().swap(texts_[next_++]);
    }
    ALV_ASSIGN_OR_RETURN(step_, encoder.begin(run));
    slice_in_flight_ = false;
    return ok_status();
}

void EmbedJob::take_result() {
    Result<std::vector<float>> result = step_->result();
    step_.reset();
    if (!result.ok()) return fail(result.status());
    vectors_.insert(vectors_.end(), result->begin(), result->end());
    if (next_ == texts_.size()) tell(std::move(vectors_));
}

void EmbedJob::abandon(const Status& status) {
    step_.reset();
    slice_in_flight_ = false;
    if (over_ || !failure_.ok()) return;
    try {
        failure_ = status;
    } catch (const std::bad_alloc&) {
        failure_ = out_of_host_memory();
    }
    if (lost_flag_ && status.code() == Code::kDeviceLost) *lost_flag_ = true;
}

void EmbedJob::tell_failure() {
    if (failure_.ok() || over_) return;
    Status told;
    try {
        told = failure_;
    } catch (const std::bad_alloc&) {
        told = out_of_host_memory();
    }
    tell(std::move(told));
}

void EmbedJob::tell(Result<std::vector<float>> result) {
    if (over_) return;
    over_ = true;
    step_.reset();
    const engine::Embedder::Done done = std::move(done_);
    done_ = nullptr;
    if (done) done(std::move(result));
}

}  // namespace alv::local
