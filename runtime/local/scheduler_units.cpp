// The scheduler's units of work: what it takes in, lets go and moves on, one at a time.
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "local/admission.h"
#include "local/failures.h"
#include "local/scheduler.h"

namespace alv::local {
namespace {

// How long a load works before others have their turn.
constexpr auto kLoadSlice = std::chrono::milliseconds(20);

}  // namespace

bool Scheduler::run_unit(Clock::time_point deadline) {
    take_inbox();
    sweep();
    tasks_.run();
    // A step, or a load that did not pause, has the device to itself until it ends.
    if (round_) return run_round(deadline) || has_work();
    if (loading_) return run_load(deadline) || has_work();
    if (in_slice_) return run_embedding(deadline) || has_work();
    using Kind = bool (Scheduler::*)(Clock::time_point);
    constexpr std::array<Kind, 3> kKinds = {&Scheduler::run_round, &Scheduler::run_embedding,
                                            &Scheduler::run_load};
    // What did nothing gives its turn to the next.
    for (size_t i = 0; i < kKinds.size(); ++i) {
        kind_turn_ = (kind_turn_ + 1) % kKinds.size();
        if ((this->*kKinds[kind_turn_])(deadline)) break;
    }
    return has_work();
}

bool Scheduler::has_work() const {
    {
        const std::lock_guard lock(mutex_);
        if (!new_generations_.empty() || !new_models_.empty() || !new_embeddings_.empty()) {
            return true;
        }
    }
    if (tasks_.is_due(Clock::now())) return true;
    if (round_ || in_slice_ || loading_) return true;
    for (const auto& job : embeddings_) {
        if (job->abandoned() || job->model().progress().phase != ModelPhase::kLoading) return true;
    }
    for (const auto& model : models_) {
        if (model->load) return true;
    }
    return std::any_of(generations_.begin(), generations_.end(), [](const auto& generation) {
        return generation->model().progress().phase != ModelPhase::kLoading;
    });
}

void Scheduler::take_inbox() {
    std::vector<std::shared_ptr<ModelState>> models;
    std::vector<std::shared_ptr<Generation>> generations;
    std::vector<std::shared_ptr<EmbedJob>> embeddings;
    std::vector<std::pair<std::shared_ptr<ModelState>, std::shared_ptr<KvState>>> conversations;
    {
        const std::lock_guard lock(mutex_);
        // All that takes memory comes first: nothing may be lost on the way.
        models_.reserve(models_.size() + new_models_.size());
        generations_.reserve(generations_.size() + new_generations_.size());
        embeddings_.reserve(embeddings_.size() + new_embeddings_.size());
        for (const auto& [model, kv] : new_conversations_) {
            model->conversations.reserve(model->conversations.size() + new_conversations_.size());
        }
        models.swap(new_models_);
        generations.swap(new_generations_);
        embeddings.swap(new_embeddings_);
        conversations.swap(new_conversations_);
    }
    for (auto& job : embeddings) embeddings_.push_back(std::move(job));
    for (auto& [model, kv] : conversations) model->conversations.push_back(std::move(kv));
    for (auto& generation : generations) {
        generation->kv().busy = true;
        generations_.push_back(std::move(generation));
    }
    for (auto& model : models) models_.push_back(model);
    for (auto& model : models) or_fail(*model, [&] { start_load(*model); });
}

// What was closed, cancelled or dropped since the last look.
void Scheduler::sweep() {
    if (lost_) round_.reset();
    for (const auto& generation : generations_) {
        // With a slice in flight the cancel is seen when the slice ends.
        if (generation->cancelled() && !(round_ && round_->has(*generation))) {
            guard(*generation, [&] { generation->finish(engine::FinishReason::kCancelled); });
        }
        if (lost_) generation->fail(device_lost(kLost));
    }
    for (const auto& job : embeddings_) {
        guard(*job, [&] {
            if (lost_) job->fail(device_lost(kLostEmbedding));
            if (job->cancelled() && job != in_slice_) {
                job->fail(cancelled("the embedding was cancelled"));
            }
            job->tell_failure();  // of a model that is gone
        });
    }
    sweep_models();
}

void Scheduler::sweep_models() {
    // Hosts close models and conversations at any time: what is closed is looked up once, so that
    // a generation never outlives the decoder it works on.
    std::vector<std::shared_ptr<ModelState>> closed;
    std::copy_if(models_.begin(), models_.end(), std::back_inserter(closed),
                 [](const auto& model) { return model->closed.load(); });
    const auto is_closed = [&](const ModelState& model) {
        return std::any_of(closed.begin(), closed.end(),
                           [&](const auto& other) { return other.get() == &model; });
    };
    if (round_ && is_closed(round_->model())) round_.reset();
    // Nobody listens to the generations of a closed model any more.
    for (const auto& generation : generations_) {
        if (is_closed(generation->model())) generation->fail(cancelled("the model was released"));
        // Whoever still holds the generation must not be the one to give its kv back.
        if (generation->over() && generation->kv().closed) generation->kv().drop();
    }
    for (const auto& job : embeddings_) {
        // This may run on any thread: what became of it is told by the next sweep.
        if (is_closed(job->model())) job->abandon(cancelled("the model was released"));
    }
    if (in_slice_ && (in_slice_->over() || in_slice_->abandoned())) in_slice_.reset();
    std::erase_if(embeddings_, [](const auto& job) { return job->over(); });
    std::erase_if(generations_, [](const auto& generation) { return generation->over(); });
    for (const auto& model : models_) {
        for (const auto& kv : model->conversations) {
            if (!kv->busy && (kv->closed || kv->drop_requested.exchange(false))) kv->drop();
        }
        std::erase_if(model->conversations,
                      [](const auto& kv) { return kv->closed && !kv->busy && !kv->sequence; });
    }
    for (const auto& model : closed) {
        if (loading_ == model) loading_.reset();
        model->drop_device_side();
    }
    std::erase_if(models_, [&](const auto& model) { return is_closed(*model); });
    const std::lock_guard lock(mutex_);
    n_models_ -= static_cast<uint32_t>(closed.size());
}

void Scheduler::start_load(ModelState& model) {
    model.begin_load();
    if (model.closed) return;
    Result<std::unique_ptr<LoadTask>> task = LoadTask::start(
        [backend = backend_, source = model.source,
         device = model.source.tokenizer_only ? nullptr : this->device()](
            const LoadProgress& progress) { return backend->load(source, device, progress); });
    if (!task.ok()) {
        model.finish_load(task.status());
        return;
    }
    model.load = std::move(task).value();
}

// False if there is nothing to load.
bool Scheduler::run_load(Clock::time_point deadline) {
    std::shared_ptr<ModelState> model = loading_;
    for (size_t i = 0; i < models_.size() && !model; ++i) {
        if (models_[i]->load) model = models_[i];
    }
    if (!model) return false;
    if (model->cancel_requested) model->load->cancel();
    const auto slice_end = std::min(deadline, Clock::now() + kLoadSlice);
    const LoadTask::Turn turn = model->load->run_until(slice_end);
    loading_ = turn == LoadTask::Turn::kRunning ? model : nullptr;
    if (turn != LoadTask::Turn::kOver) {
        model->report(model->load->state());
        return true;
    }
    Result<Loaded> result = model->load->take();
    model->load.reset();
    const bool loaded = result.ok();
    or_fail(*model, [&] {
        if (result.status().code() == Code::kDeviceLost) note_lost_device();
        model->finish_load(std::move(result));
    });
    const std::shared_ptr<gpu::Device> used = device();
    if (loaded && used && after_load) after_load(*used);
    return true;
}

// False if there is nothing to generate.
bool Scheduler::run_round(Clock::time_point deadline) {
    try {
        if (!round_) round_ = next_round();
    } catch (const std::bad_alloc&) {
        // Somebody has to give way, else they all would try for ever.
        generations_[turn_ % generations_.size()]->fail(out_of_host_memory());
        return true;
    }
    if (!round_) return false;
    ++use_counter_;
    for (const auto& generation : generations_) {
        if (round_->has(*generation)) generation->kv().last_used = use_counter_;
    }
    bool over = true;
    try {
        over = round_->advance(deadline);
    } catch (const std::bad_alloc&) {
        round_->fail(out_of_host_memory());
    }
    if (round_->lost_device()) note_lost_device();
    if (over) round_.reset();
    return true;
}

// A part of a prompt, or a token for every reply of one model; the two take turns. Null if nobody
// can go on.
std::unique_ptr<Round> Scheduler::next_round() {
    std::vector<std::shared_ptr<Generation>> replies;
    std::shared_ptr<Generation> prompt;
    bool prepared = false;  // one a round: the others need not wait for all of them
    size_t first_reply = 0;
    size_t first_prompt = 0;
    for (size_t i = 1; i <= generations_.size(); ++i) {
        const size_t at = (turn_ + i) % generations_.size();
        const std::shared_ptr<Generation>& candidate = generations_[at];
        if (candidate->over() || candidate->model().progress().phase == ModelPhase::kLoading) {
            continue;
        }
        guard(*candidate, [&] {
            if (!candidate->prompt_ready() && !prepared) {
                prepared = true;
                candidate->prepare();
            }
            if (!candidate->over() && candidate->prompt_ready() && !candidate->admitted()) {
                admit(*candidate, generations_);
            }
        });
        if (candidate->over() || !candidate->admitted()) continue;
        if (!candidate->wants_one()) {
            if (!prompt) first_prompt = at;
            if (!prompt) prompt = candidate;
        } else if (replies.empty() || (&replies[0]->model() == &candidate->model() &&
                                       replies.size() < candidate->model().decoder->max_batch())) {
            if (replies.empty()) first_reply = at;
            replies.push_back(candidate);
        }
    }
    const bool for_prompt = prompt && (prompt_turn_ || replies.empty());
    prompt_turn_ = !for_prompt;
    if (!prompt && replies.empty()) return nullptr;
    turn_ = for_prompt ? first_prompt : first_reply;
    if (for_prompt) {
        replies.assign(1, prompt);
    } else if (replies.size() < replies[0]->model().decoder->least_batch()) {
        replies.resize(1);
    }
    return std::make_unique<Round>(std::move(replies));
}

// False if there is nothing to embed. Slices of an embedding and steps of generations take turns.
bool Scheduler::run_embedding(Clock::time_point deadline) {
    std::shared_ptr<EmbedJob> next = in_slice_;
    for (size_t i = 0; i < embeddings_.size() && !next; ++i) {
        embedding_turn_ = (embedding_turn_ + 1) % embeddings_.size();
        const auto& candidate = embeddings_[embedding_turn_];
        if (candidate->over() || candidate->abandoned()) continue;
        if (candidate->model().progress().phase != ModelPhase::kLoading && is_free(*candidate)) {
            next = candidate;
        }
    }
    if (!next) return false;
    guard(*next, [&] { next->advance(deadline); });
    in_slice_ = next->slice_in_flight() ? next : nullptr;
    if (next->failure().code() == Code::kDeviceLost) note_lost_device();
    return true;
}

// An encoder has the buffers of one run: no other job of its model is in one.
bool Scheduler::is_free(const EmbedJob& job) const {
    return job.running() ||
           std::none_of(embeddings_.begin(), embeddings_.end(),
                        [&](const auto& o) { return &o->model() == &job.model() && o->running(); });
}

}  // namespace alv::local
