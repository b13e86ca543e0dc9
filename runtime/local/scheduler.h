// Moves loads, generations and embeddings in short units, one at a time, in turn.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/log.h"
#include "local/embed_job.h"
#include "local/exec_lock.h"
#include "local/generation.h"
#include "local/loaded.h"
#include "local/model_state.h"
#include "local/round.h"
#include "local/task_queue.h"

namespace alv::local {

class Scheduler : public engine::TaskRunner {
  public:
    Scheduler(std::shared_ptr<Backend> backend, std::shared_ptr<const Log> log);
    ~Scheduler() override;

    // Any thread, also from inside a callback. -----------------------------------------------
    void add_model(std::shared_ptr<ModelState> model);
    Status add_generation(std::shared_ptr<Generation> generation);
    Status add_embedding(std::shared_ptr<EmbedJob> job);
    void add_conversation(const std::shared_ptr<ModelState>& model, std::shared_ptr<KvState> kv);
    void add_task(std::shared_ptr<engine::Task> task) override;
    void wake_tasks() override;
    // Tasks are there, though they may only wait.
    bool has_tasks() const { return tasks_.has_any(); }
    // Something was closed, cancelled or dropped: sees to it at once if nobody is at work.
    void poke();
    bool lost() const { return lost_; }
    std::shared_ptr<gpu::Device> device() const;
    uint32_t n_models() const;
    // The caller is inside a callback that the scheduler made.
    bool inside() const { return exec_.held_by_me(); }

    // For those that drive it. ----------------------------------------------------------------
    // Works on units until `deadline` or until there is nothing to do; true if work is left.
    // Invalid state if inside, or if another thread is at it (`wait_for_turn` false).
    Result<bool> run_until(Clock::time_point deadline, bool wait_for_turn);
    // Sleeps until there may be work, or `deadline`.
    void wait_for_work(Clock::time_point deadline);
    void wake();
    // Puts another device in place; what runs fails with device lost, models load again.
    Status replace_device(const std::function<Result<std::shared_ptr<gpu::Device>>()>& make);
    void set_device(std::shared_ptr<gpu::Device> device);
    // Called after each load, with the device; for the pipeline cache.
    std::function<void(gpu::Device&)> after_load;
    // Drops everything, without events. The scheduler is of no use afterwards.
    void shutdown();

  private:
    bool run_unit(Clock::time_point deadline);
    void take_inbox();
    void sweep();
    void sweep_models();
    bool run_load(Clock::time_point deadline);
    bool run_round(Clock::time_point deadline);
    std::unique_ptr<Round> next_round();
    bool run_embedding(Clock::time_point deadline);
    void start_load(ModelState& model);
    void note_lost_device();
    bool is_free(const EmbedJob& job) const;
    bool has_work() const;

    const std::shared_ptr<Backend> backend_;
    const std::shared_ptr<const Log> log_;
    ExecLock exec_;
    std::atomic<bool> lost_{false};
    TaskQueue tasks_;

    mutable std::mutex mutex_;  // of the inbox, the device and the flags beside them
    std::condition_variable work_;
    bool news_ = false;
    bool shut_down_ = false;
    std::shared_ptr<gpu::Device> device_;
    std::vector<std::shared_ptr<ModelState>> new_models_;
    std::vector<std::shared_ptr<Generation>> new_generations_;
    std::vector<std::shared_ptr<EmbedJob>> new_embeddings_;
    std::vector<std::pair<std::shared_ptr<ModelState>, std::shared_ptr<KvState>>>
        new_conversations_;
    uint32_t n_models_ = 0;

    // With exec_ held only.
    std::vector<std::shared_ptr<ModelState>> models_;
    std::vector<std::shared_ptr<Generation>> generations_;
    std::vector<std::shared_ptr<EmbedJob>> embeddings_;
    std::unique_ptr<Round> round_;         // must end before another begins
    std::shared_ptr<EmbedJob> in_slice_;   // whose slice must end before another begins
    std::shared_ptr<ModelState> loading_;  // whose load did not pause in time
    size_t turn_ = 0;                      // whose generation was first in the last round
    bool prompt_turn_ = false;             // a prompt goes next, if there is one
    size_t embedding_turn_ = 0;
    uint32_t kind_turn_ = 0;
    bool loss_logged_ = false;
    uint64_t use_counter_ = 0;
};

}  // namespace alv::local
