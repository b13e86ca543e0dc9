#include "local/runtime.h"

#include <atomic>
#include <optional>
#include <system_error>

#include "local/cache_file.h"

namespace alv::local {

// The thread that moves the scheduler. It owns what it needs, so that the runtime can go while a
// callback on this very thread lets the last handle go.
struct Runtime::Worker {
    std::shared_ptr<Scheduler> scheduler;
    std::thread thread;
    std::atomic<bool> stop{false};

    static void run(const std::shared_ptr<Worker>& self) {
        while (!self->stop) {
            const std::optional<bool> more = turn(*self->scheduler);
            if (more == true) continue;
            if (!more) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                continue;
            }
            if (!self->stop) self->scheduler->wait_for_work(Clock::time_point::max());
        }
        self->scheduler->shutdown();
        self->scheduler.reset();
    }
    // Whether there is more to do; nothing if it could not be done for want of memory.
    static std::optional<bool> turn(Scheduler& scheduler) noexcept {
        constexpr auto kTurn = std::chrono::milliseconds(50);
        try {
            const Result<bool> more = scheduler.run_until(Clock::now() + kTurn, true);
            return more.ok() && *more;
        } catch (...) {
            return std::nullopt;
        }
    }
};

Result<std::shared_ptr<Runtime>> Runtime::create(RuntimeConfig config) {
    std::shared_ptr<Runtime> runtime(new Runtime(std::move(config)));
    const RuntimeConfig& kept = runtime->config_;
    runtime->scheduler_ = std::make_shared<Scheduler>(kept.backend, kept.log);
    if (!kept.no_device) {
        ALV_ASSIGN_OR_RETURN(std::shared_ptr<gpu::Device> device, runtime->make_device());
        runtime->scheduler_->set_device(std::move(device));
    }
    if (!kept.pipeline_cache_path.empty()) {
        runtime->scheduler_->after_load = [path = kept.pipeline_cache_path](gpu::Device& device) {
            save_pipeline_cache(path, device);
        };
    }
    if (!kept.host_stepped) ALV_RETURN_IF_ERROR(runtime->start_worker());
    return runtime;
}

Result<std::shared_ptr<gpu::Device>> Runtime::make_device() {
    gpu::DeviceOptions options = config_.device;
    if (options.pipeline_cache.empty() && !config_.pipeline_cache_path.empty()) {
        options.pipeline_cache = read_cache_file(config_.pipeline_cache_path);
    }
    ALV_ASSIGN_OR_RETURN(std::shared_ptr<gpu::Device> device,
                         config_.backend->create_device(options, config_.log));
    if (config_.self_test && device) ALV_RETURN_IF_ERROR(config_.backend->test_kernels(*device));
    return device;
}

Status Runtime::start_worker() {
    worker_ = std::make_shared<Worker>();
    worker_->scheduler = scheduler_;
    try {
        worker_->thread = std::thread([worker = worker_] { Worker::run(worker); });
    } catch (const std::system_error&) {
        return out_of_host_memory(
            "the system gives no thread for the runtime: end some, try again");
    }
    return ok_status();
}

Runtime::~Runtime() {
    if (!scheduler_) return;  // the runtime was never whole
    if (const std::shared_ptr<gpu::Device> device = scheduler_->device();
        device && !config_.pipeline_cache_path.empty() && !scheduler_->lost()) {
        save_pipeline_cache(config_.pipeline_cache_path, *device);
    }
    if (!worker_ || !worker_->thread.joinable()) {
        scheduler_->shutdown();
        return;
    }
    worker_->stop = true;
    scheduler_->wake();
    if (scheduler_->inside()) {
        worker_->thread.detach();  // this is the worker: it ends when the callback has returned
    } else {
        worker_->thread.join();
    }
}

void Runtime::save_pipeline_cache(const std::string& path, gpu::Device& device) noexcept {
    try {
        const Result<std::vector<uint8_t>> blob = device.pipeline_cache();
        if (blob.ok() && !blob->empty()) static_cast<void>(write_cache_file(path, *blob));
    } catch (...) {
        // The cache saves time; it is not worth a failure.
    }
}

Result<std::shared_ptr<LocalModel>> Runtime::open_model(LoadSource source, ModelProgressSink sink) {
    if (!source.tokenizer_only) {
        if (config_.no_device) {
            return invalid_state(
                "the runtime has no device: open the model with ALV_MODEL_TOKENIZER_ONLY, or make "
                "a "
                "runtime without ALV_RUNTIME_NO_DEVICE");
        }
        if (scheduler_->lost()) {
            return device_lost("the device was lost: call alv_runtime_rebuild, then open again");
        }
    }
    auto state = std::make_shared<ModelState>(std::move(source), std::move(sink));
    auto model = std::make_shared<LocalModel>(shared_from_this(), state);
    scheduler_->add_model(std::move(state));
    return model;
}

Result<bool> Runtime::step(std::chrono::microseconds budget) {
    if (!config_.host_stepped) {
        return invalid_state(
            "the runtime has a worker thread: make it with ALV_RUNTIME_HOST_STEPPED to step it");
    }
    ALV_ASSIGN_OR_RETURN(const bool more, scheduler_->run_until(Clock::now() + budget, false));
    return more || scheduler_->has_tasks();
}

Status Runtime::drive(const std::function<bool()>& over, Clock::time_point deadline) {
    // Where another thread drives too, this one looks again after each turn.
    constexpr auto kTurn = std::chrono::milliseconds(10);
    while (!over() && Clock::now() < deadline) {
        const auto turn_end = std::min(deadline, Clock::now() + kTurn);
        ALV_ASSIGN_OR_RETURN(const bool more, scheduler_->run_until(turn_end, true));
        if (!more && !over()) scheduler_->wait_for_work(turn_end);
    }
    return ok_status();
}

Status Runtime::rebuild(std::optional<gpu::BorrowedDevice> replacement) {
    if (config_.no_device) return invalid_state("the runtime has no device that could be rebuilt");
    if (replacement.has_value() != borrowed()) {
        return invalid_argument(borrowed() ? "the device was the host's: give its replacement"
                                           : "a replacement is only for a device of the host");
    }
    return scheduler_->replace_device([&]() -> Result<std::shared_ptr<gpu::Device>> {
        if (replacement) config_.device.borrowed = std::move(replacement);
        return make_device();
    });
}

}  // namespace alv::local
