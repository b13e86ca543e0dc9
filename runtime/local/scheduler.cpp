#include "local/scheduler.h"

#include <algorithm>
#include <utility>

#include "local/failures.h"

namespace alv::local {
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
    if (tasks_.add(std::move(task))) wake();
}

void Scheduler::wake_tasks() {
    tasks_.wake();
    wake();
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
    work_.wait_until(lock, std::min(deadline, tasks_.next_due()),
                     [&] { return news_ || shut_down_; });
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

// Devices ----------------------------------------------------------------------------------------

void Scheduler::note_lost_device() {
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
    round_.reset();
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
    {
        const std::lock_guard lock(mutex_);
        if (shut_down_) return;
        shut_down_ = true;
        new_models_.clear();
        new_generations_.clear();
        new_conversations_.clear();
        embeddings_.insert(embeddings_.end(), new_embeddings_.begin(), new_embeddings_.end());
        new_embeddings_.clear();
    }
    work_.notify_all();
    tasks_.close();
    round_.reset();
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
