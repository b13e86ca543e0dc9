#include "api/model_delivery.h"

namespace alv::api {

alv_model_progress to_abi(const local::ModelProgress& progress) {
    alv_model_progress out = ALV_MODEL_PROGRESS_INIT;
    out.state = static_cast<uint32_t>(progress.phase);
    out.stage = static_cast<uint32_t>(progress.stage);
    out.fraction = progress.fraction;
    out.done = progress.done;
    out.total = progress.total;
    return out;
}

bool ModelDelivery::on_progress(const local::ModelProgress& progress) {
    if (!callback_) return true;
    if (!dispatcher_) {
        run_callback(progress);
        const std::lock_guard lock(mutex_);
        return !threw_;
    }
    bool enqueue = false;
    {
        const std::lock_guard lock(mutex_);
        latest_ = progress;
        enqueue = !waiting_;
        waiting_ = true;
        if (threw_) return false;
    }
    if (!enqueue) return true;
    try {
        dispatcher_->enqueue(shared_from_this());
    } catch (...) {
        const std::lock_guard lock(mutex_);
        waiting_ = false;
        throw;
    }
    return true;
}

void ModelDelivery::deliver_next() {
    local::ModelProgress progress;
    {
        const std::lock_guard lock(mutex_);
        if (!waiting_) return;
        waiting_ = false;
        progress = latest_;
    }
    run_callback(progress);
}

void ModelDelivery::run_callback(const local::ModelProgress& progress) {
    const alv_model_progress told = to_abi(progress);
    gate_.pass([&] {
        try {
            callback_(user_data_, handle_, &told);
        } catch (...) {
            const std::lock_guard lock(mutex_);
            threw_ = true;
        }
    });
}

}  // namespace alv::api
