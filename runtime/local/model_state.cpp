#include "local/model_state.h"

#include <algorithm>
#include <array>

namespace alv::local {
namespace {

// Where each stage begins and ends in the whole load, by experience: a progress bar should move.
struct Span {
    float begin;
    float end;
};
constexpr std::array<Span, 4> kStageSpans{
    {{0.0f, 0.05f}, {0.05f, 0.25f}, {0.25f, 0.95f}, {0.95f, 1.0f}}};

float fraction_of(const LoadState& state) {
    const size_t stage = std::min<size_t>(static_cast<size_t>(state.stage), kStageSpans.size() - 1);
    const Span span = kStageSpans[stage];
    if (state.total == 0) return span.begin;
    const double part =
        static_cast<double>(std::min(state.done, state.total)) / static_cast<double>(state.total);
    return span.begin + (span.end - span.begin) * static_cast<float>(part);
}

}  // namespace

ModelProgress ModelState::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

Status ModelState::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

double ModelState::load_ms() const {
    const std::lock_guard lock(mutex_);
    return load_ms_;
}

std::shared_ptr<const TextSide> ModelState::text() const {
    const std::lock_guard lock(mutex_);
    return text_;
}

uint32_t ModelState::n_vocab() const {
    const std::lock_guard lock(mutex_);
    return n_vocab_;
}

std::optional<Facts> ModelState::facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
}

bool ModelState::wait(Clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline,
                               [&] { return progress_.phase != ModelPhase::kLoading; });
}

void ModelState::begin_load() {
    const std::lock_guard lock(mutex_);
    started_ = Clock::now();
    progress_ = {};
    error_ = {};
}

void ModelState::report(const LoadState& state) {
    ModelProgress next;
    {
        const std::lock_guard lock(mutex_);
        next = progress_;
    }
    const float fraction = std::max(next.fraction, fraction_of(state));
    const bool same = next.stage == state.stage && next.done == state.done &&
                      next.total == state.total && next.fraction == fraction;
    if (same) return;
    next = {ModelPhase::kLoading, state.stage, fraction, state.done, state.total};
    publish(next, ok_status(), text());
}

void ModelState::finish_load(Result<Loaded> result) {
    ModelProgress next = progress();
    if (!result.ok()) {
        Status why = result.status();
        {
            const std::lock_guard lock(mutex_);
            if (sink_failed_) {
                why = {Code::kCallbackFailed, "the progress callback threw: the load was stopped"};
            }
        }
        decoder.reset();
        encoder.reset();
        next.phase = ModelPhase::kFailed;
        publish(next, why, nullptr);
        return;
    }
    next.phase = ModelPhase::kReady;
    next.stage = model::LoadStage::kWarmUp;
    next.fraction = 1.0f;
    decoder = std::move(result->decoder);
    encoder = std::move(result->encoder);
    publish(next, ok_status(), std::move(result->text));
}

void ModelState::publish(const ModelProgress& progress, const Status& error,
                         std::shared_ptr<const TextSide> text) {
    // What takes memory comes first: a model is ready as a whole or not at all.
    Status why = error;
    std::optional<Facts> facts;
    if (progress.phase == ModelPhase::kReady) facts = text->facts;
    {
        const std::lock_guard lock(mutex_);
        progress_ = progress;
        error_ = std::move(why);
        text_.swap(text);  // the old one goes without the lock
        if (progress.phase == ModelPhase::kReady) {
            n_vocab_ = text_->tokenizer->size();
            facts_ = std::move(facts);
            load_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
        }
        changed_.notify_all();
    }
    if (!sink || closed) return;
    if (!sink(progress) && progress.phase == ModelPhase::kLoading) {
        cancel_requested = true;
        const std::lock_guard lock(mutex_);
        sink_failed_ = true;
    }
}

void ModelState::drop_device_side() {
    load.reset();
    for (const auto& conversation : conversations) conversation->drop();
    decoder.reset();
    encoder.reset();
    guides.clear();
    // The tokenizer lives in the model: to keep it would be to keep the weights.
    std::shared_ptr<const TextSide> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(text_);
}

}  // namespace alv::local
