// A device, the scheduler on it, and the thread or host that moves it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/log.h"
#include "local/loaded.h"
#include "local/local_model.h"
#include "local/scheduler.h"

namespace alv::local {

struct RuntimeConfig {
    gpu::DeviceOptions device;
    bool no_device = false;
    bool host_stepped = false;
    bool self_test = false;           // every kernel, when a device is made
    std::string pipeline_cache_path;  // "": none
    std::shared_ptr<const Log> log;
    std::shared_ptr<Backend> backend;
};

// Thread-safe.
class Runtime : public std::enable_shared_from_this<Runtime> {
  public:
    static Result<std::shared_ptr<Runtime>> create(RuntimeConfig config);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    bool host_stepped() const { return config_.host_stepped; }
    bool has_device() const { return !config_.no_device; }
    bool borrowed() const { return config_.device.borrowed.has_value(); }
    Scheduler& scheduler() { return *scheduler_; }
    std::shared_ptr<engine::TaskRunner> tasks() const { return scheduler_; }
    std::shared_ptr<gpu::Device> device() const { return scheduler_->device(); }

    Result<std::shared_ptr<LocalModel>> open_model(LoadSource source, ModelProgressSink sink);
    // One host-driven turn; true if work is left.
    Result<bool> step(std::chrono::microseconds budget);
    // Host-driven: works until `over` or `deadline`.
    Status drive(const std::function<bool()>& over, Clock::time_point deadline);
    Status rebuild(std::optional<gpu::BorrowedDevice> replacement);

  private:
    explicit Runtime(RuntimeConfig config) : config_(std::move(config)) {}
    Result<std::shared_ptr<gpu::Device>> make_device();
    Status start_worker();
    static void save_pipeline_cache(const std::string& path, gpu::Device& device) noexcept;

    struct Worker;
    RuntimeConfig config_;
    std::shared_ptr<Scheduler> scheduler_;
    std::shared_ptr<Worker> worker_;
};

}  // namespace alv::local
