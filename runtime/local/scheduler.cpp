#include "local/scheduler.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <new>
#include <utility>

namespace alv::local {
namespace {

constexpr const char* kLost =
    "the device was lost: call alv_runtime_rebuild, then generate again; the session's messages "
    "are "
    "still there";
constexpr const char* kLostEmbedding =
    "the device was lost: call alv_runtime_rebuild, then embed again";
// How long a load works before others have their turn.
constexpr auto kLoadSlice = std::chrono::milliseconds(20);

}  // namespace

Scheduler::Scheduler(std::shared_ptr<Backend> backend, std::shared_ptr<const Log> log)
    : backend_(std::move(backend)), log_(std::move(log)) {}

Scheduler::~Scheduler() {
    shutdown();
}

void Scheduler::add_model(std::shared_ptr<ModelState> model) {
    {
        const std::lock_guard lock(mutex_);
        new_models_.push_back(std::move(model));
        ++n_models_;
    }
    wake();
}

Status Scheduler::add_generation(std::shared_ptr<Generation> generation) {
    if (lost_) return device_lost(kLost);
    generation->note_loss_in(&lost_);
    {
        const std::lock_guard lock(mutex_);
        new_generations_.push_back(std::move(generation));
    }
    wake();
    return ok_status();
}

Status Scheduler::add_embedding(std::shared_ptr<EmbedJob> job) {
    if (lost_) return device_lost(kLostEmbedding);
    job->note_loss_in(&lost_);
    {
        const std::lock_guard lock(mutex_);
        new_embeddings_.push_back(std::move(job));
    }
    wake();
    return ok_status();
}

void Scheduler::add_conversation(const std::shared_ptr<ModelState>& model,
                                 std::shared_ptr<KvState> kv) {
    const std::lock_guard lock(mutex_);
    new_conversations_.emplace_back(model, std::move(kv));
}

void Scheduler::add_task(std::shared_ptr<engine::Task> task) {
    {
        const std::lock_guard lock(mutex_);
        if (shut_down_) return;
        new_tasks_.push_back(std::move(task));
        ++n_tasks_;
    }
    wake();
}

void Scheduler::wake_tasks() {
    {
        const std::lock_guard lock(mutex_);
        tasks_woken_ = true;
    }
    wake();
}

bool Scheduler::has_tasks() const {
    const std::lock_guard lock(mutex_);
    return n_tasks_ > 0;
}

std::shared_ptr<gpu::Device> Scheduler::device() const {
    const std::lock_guard lock(mutex_);
    return device_;
}

void Scheduler::set_device(std::shared_ptr<gpu::Device> device) {
    const std::lock_guard lock(mutex_);
    device_ = std::move(device);
}

uint32_t Scheduler::n_models() const {
    const std::lock_guard lock(mutex_);
    return n_models_;
}

void Scheduler::poke() {
    if (!inside()) {
        // Events are for the thread that does the work: only what makes none is done here.
        const std::unique_lock turn(exec_, std::try_to_lock);
        try {
            if (turn) sweep_models();
        } catch (...) {
            // No memory for it now: the next turn does it.
        }
    }
    wake();
}

void Scheduler::wake() {
    {
        const std::lock_guard lock(mutex_);
        news_ = true;
    }
    work_.notify_all();
}

void Scheduler::wait_for_work(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    work_.wait_until(lock, std::min(deadline, next_task_), [&] { return news_ || shut_down_; });
    news_ = false;
}

Result<bool> Scheduler::run_until(Clock::time_point deadline, bool wait_for_turn) {
    if (inside()) {
        return invalid_state("called from a callback of the same runtime: return from it first");
    }
    std::unique_lock turn(exec_, std::defer_lock);
    if (wait_for_turn) {
        turn.lock();
    } else if (!turn.try_lock()) {
        return invalid_state("another thread is working on this runtime right now");
    }
    bool more = true;
    do {
        more = run_unit(deadline);
    } while (more && !exec_.wanted() && Clock::now() < deadline);
    return more;
}

// The units -----------------------------------------------------------------------------------

// Templates, because a std::function may take memory itself.

// A load that there is no memory for has failed: nobody may wait for it.
template <typename Work>
void Scheduler::or_fail(ModelState& model, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        if (model.load || model.progress().phase != ModelPhase::kLoading) throw;
        model.finish_load(out_of_host_memory());
    }
}

// Nothing that happens to one request harms the others.
template <typename Request, typename Work>
void Scheduler::guard(Request& request, const Work& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        request.fail(out_of_host_memory());
    } catch (...) {
        request.fail(internal_error("an exception"));
    }
}

bool Scheduler::run_unit(Clock::time_point deadline) {
    take_inbox();
    sweep();
    run_tasks();
    // A step, or a load that did not pause, has the device to itself until it ends.
    if (in_step_) return run_generation(deadline) || has_work();
    if (loading_) return run_load(deadline) || has_work();
    if (in_slice_) return run_embedding(deadline) || has_work();
    using Kind = bool (Scheduler::*)(Clock::time_point);
    constexpr std::array<Kind, 3> kKinds = {&Scheduler::run_generation, &Scheduler::run_embedding,
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
        if (!new_tasks_.empty() || (tasks_woken_ && n_tasks_ > 0)) return true;
        if (next_task_ <= Clock::now()) return true;
    }
    if (in_step_ || in_slice_ || loading_) return true;
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

// Those that were woken or whose time has come.
void Scheduler::run_tasks() {
    std::vector<std::shared_ptr<engine::Task>> added;
    bool woken = false;
    {
        const std::lock_guard lock(mutex_);
        tasks_.reserve(tasks_.size() + new_tasks_.size());  // nothing may be lost on the way
        added.swap(new_tasks_);
        woken = std::exchange(tasks_woken_, false);
        if (added.empty() && tasks_.empty()) return;
    }
    for (auto& task : added) tasks_.push_back({std::move(task), Clock::time_point{}});
    const Clock::time_point now = Clock::now();
    for (WaitingTask& waiting : tasks_) {
        if (!woken && waiting.due > now) continue;
        try {
            waiting.due = waiting.task->run(now);
        } catch (...) {
            waiting.due = engine::Task::kOver;  // no memory: what it is for goes with it
        }
    }
    std::erase_if(tasks_, [](const auto& t) { return t.due == engine::Task::kOver; });
    Clock::time_point next = Clock::time_point::max();
    for (const WaitingTask& waiting : tasks_) next = std::min(next, waiting.due);
    const std::lock_guard lock(mutex_);
    n_tasks_ = tasks_.size() + new_tasks_.size();
    next_task_ = next;
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
    for (const auto& generation : generations_) {
        // With a slice in flight the cancel is seen when the slice ends.
        if (generation->cancelled() && generation != in_step_) {
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
    if (in_step_ && in_step_->over()) in_step_.reset();
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
        note_device(result.status());
        model->finish_load(std::move(result));
    });
    const std::shared_ptr<gpu::Device> used = device();
    if (loaded && used && after_load) after_load(*used);
    return true;
}

// False if there is nothing to generate.
bool Scheduler::run_generation(Clock::time_point deadline) {
    std::shared_ptr<Generation> next = in_step_;
    for (size_t i = 0; i < generations_.size() && !next; ++i) {
        turn_ = (turn_ + 1) % generations_.size();
        const auto& candidate = generations_[turn_];
        if (candidate->over() || candidate->model().progress().phase == ModelPhase::kLoading)
            continue;
        guard(*candidate, [&] {
            if (!candidate->prompt_ready()) candidate->prepare();
            if (!candidate->over() && (candidate->admitted() || admit(*candidate)))
                next = candidate;
        });
    }
    if (!next) return false;
    guard(*next, [&] {
        if (!next->over()) next->advance(deadline);
    });
    next->kv().last_used = ++use_counter_;
    in_step_ = next->step_in_flight() ? next : nullptr;
    note_device(next->failure());
    return true;
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
    note_device(next->failure());
    return true;
}

// An encoder has the buffers of one run: no other job of its model is in one.
bool Scheduler::is_free(const EmbedJob& job) const {
    return job.running() ||
           std::none_of(embeddings_.begin(), embeddings_.end(),
                        [&](const auto& o) { return &o->model() == &job.model() && o->running(); });
}

// Lets a generation begin if the pool can hold all that it may come to need, so that no two of them
// wait for each other's room half way.
bool Scheduler::admit(Generation& generation) {
    ModelState& model = generation.model();
    uint64_t promised = 0;
    bool others = false;
    for (const auto& other : generations_) {
        if (&other->model() != &model || !other->admitted() || other->over()) continue;
        promised += other->tokens_outstanding();
        others = true;
    }
    const uint64_t needed = promised + generation.tokens_outstanding();
    if (model.decoder->kv_tokens_free() < needed) evict_idle(model, needed);
    if (model.decoder->kv_tokens_free() < needed && others) return false;
    generation.admit();
    return generation.admitted();
}

// Kv is a cache: the conversation that was silent for longest goes first.
void Scheduler::evict_idle(ModelState& model, uint64_t tokens_needed) {
    while (model.decoder->kv_tokens_free() < tokens_needed) {
        KvState* oldest = nullptr;
        for (const auto& kv : model.conversations) {
            if (kv->busy || !kv->sequence) continue;
            if (!oldest || kv->last_used < oldest->last_used) oldest = kv.get();
        }
        if (!oldest) return;
        oldest->drop();
    }
}

// Devices ----------------------------------------------------------------------------------------

void Scheduler::note_device(const Status& status) {
    if (status.code() != Code::kDeviceLost) return;
    lost_ = true;
    if (!std::exchange(loss_logged_, true)) log_->write(LogLevel::kError, kLost);
}

Status Scheduler::replace_device(
    const std::function<Result<std::shared_ptr<gpu::Device>>()>& make) {
    if (inside()) {
        return invalid_state("called from a callback of the same runtime: return from it first");
    }
    const std::unique_lock turn(exec_);
    take_inbox();
    for (const auto& generation : generations_) generation->fail(device_lost(kLost));
    for (const auto& job : embeddings_) {
        guard(*job, [&] { job->fail(device_lost(kLostEmbedding)); });
    }
    sweep();
    lost_ = true;
    loading_.reset();
    for (const auto& model : models_) {
        if (!model->source.tokenizer_only) model->drop_device_side();
    }
    set_device(nullptr);
    Result<std::shared_ptr<gpu::Device>> made = make();
    const Status status = made.status();
    if (status.ok()) {
        set_device(std::move(made).value());
        lost_ = false;
        loss_logged_ = false;
        for (const auto& model : models_) {
            if (!model->source.tokenizer_only) start_load(*model);
        }
    }
    wake();
    return status;
}

void Scheduler::shutdown() {
    std::vector<std::shared_ptr<engine::Task>> dropped;
    {
        const std::lock_guard lock(mutex_);
        if (shut_down_) return;
        shut_down_ = true;
        new_models_.clear();
        new_generations_.clear();
        new_conversations_.clear();
        embeddings_.insert(embeddings_.end(), new_embeddings_.begin(), new_embeddings_.end());
        new_embeddings_.clear();
        dropped.swap(new_tasks_);
        n_tasks_ = 0;
    }
    work_.notify_all();
    tasks_.clear();
    in_step_.reset();
    generations_.clear();
    in_slice_.reset();
    for (const auto& job : std::exchange(embeddings_, {})) {
        guard(*job, [&] { job->fail(cancelled("the runtime is gone")); });
    }
    loading_.reset();
    for (const auto& model : models_) model->drop_device_side();
    models_.clear();
    set_device(nullptr);
}

}  // namespace alv::local
