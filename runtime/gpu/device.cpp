#include "gpu/device.h"

#include "gpu/context.h"
#include "gpu/kernels.h"
#include "gpu/memory.h"
#include "gpu/open_device.h"
#include "gpu/program.h"
#include "gpu/record.h"
#include "gpu/transfer.h"

namespace alv::gpu {
namespace {

class VulkanDevice : public Device {
  public:
    VulkanDevice(std::shared_ptr<Context> context, Plan plan, std::unique_ptr<Kernels> kernels,
                 bool profile, bool force_staging)
        : context_(std::move(context)),
          plan_(std::move(plan)),
          kernels_(std::move(kernels)),
          memory_(std::make_shared<Memory>(context_)),
          transfer_(context_, memory_, force_staging),
          profile_(profile) {}

    // Buffers and programs that outlive it keep the context, but no pipeline.
    ~VulkanDevice() override { context_->drain(context_->submitted()); }

    const Caps& caps() const override { return context_->caps(); }
    const Plan& plan() const override { return plan_; }

    void expect(Domain domain, uint64_t size_bytes) override {
        memory_->expect(domain, size_bytes);
    }
    Result<Buffer> create_buffer(Domain domain, uint64_t size_bytes,
                                 std::string_view name) override {
        return memory_->create_buffer(domain, size_bytes, name);
    }
    MemoryUse memory_use() const override { return memory_->use(); }

    Result<const Kernel*> kernel(const KernelKey& key) override { return kernels_->get(key); }
    Status prepare(std::span<const KernelKey> keys,
                   const std::function<bool(size_t, size_t)>& progress) override {
        return kernels_->prepare(keys, progress);
    }
    Result<std::vector<uint8_t>> pipeline_cache() const override {
        return kernels_->pipeline_cache();
    }

    KernelChecks& checks() const override { return *kernels_->checks(); }
    const Log& log() const override { return context_->log(); }

    std::unique_ptr<Recorder> record(std::string_view name) override {
        return std::make_unique<RecorderImpl>(context_, name, profile_);
    }

    Status upload(const BufferView& view,
                  const std::function<Status(uint64_t, std::span<uint8_t>)>& fill) override {
        return transfer_.upload(view, fill);
    }
    Status download(const BufferView& view, std::span<uint8_t> out) override {
        return transfer_.download(view, out);
    }

    Result<uint64_t> submit(const Program& program, uint32_t first, uint32_t count) override {
        const auto& ours = static_cast<const ProgramImpl&>(program);
        if (ours.context() != context_.get()) {
            return invalid_argument("the program is of another device");
        }
        if (count == 0 || first > ours.n_segments() || count > ours.n_segments() - first) {
            return invalid_argument("the program has no segments " + std::to_string(first) + " + " +
                                    std::to_string(count));
        }
        ALV_ASSIGN_OR_RETURN(const uint64_t value,
                             context_->submit(ours.segments().subspan(first, count)));
        ours.submitted(first, count, value);
        counters_.submitted(value, ours.n_dispatches(first, count));
        if (profile_) ALV_RETURN_IF_ERROR(note_times(ours, first, count, value));
        return value;
    }
    Result<bool> wait(uint64_t value, uint64_t timeout_ns) override {
        // A value that no submit has would never come.
        if (value > context_->submitted())
            return invalid_argument("nothing submitted has this value");
        ALV_ASSIGN_OR_RETURN(const bool done, context_->wait(value, timeout_ns));
        if (done) counters_.finished(value);
        return done;
    }
    Result<uint64_t> completed() const override { return context_->completed(); }
    bool lost() const override { return context_->lost(); }

    WorkDone work_done() const override { return counters_.work(); }
    std::vector<OpTotal> op_times() const override { return counters_.ops(); }
    void reset_counters() override { counters_.reset(); }

  private:
    // Read before the program runs again.
    Status note_times(const ProgramImpl& program, uint32_t first, uint32_t count, uint64_t value) {
        ALV_ASSIGN_OR_RETURN(const bool done, wait(value, UINT64_MAX));
        if (!done) return internal_error("the wait for a profiled submit ended early");
        std::vector<OpTime> times;
        ALV_RETURN_IF_ERROR(program.read_times(first, count, times));
        counters_.add(times);
        return ok_status();
    }

    std::shared_ptr<Context> context_;
    Plan plan_;
    std::unique_ptr<Kernels> kernels_;
    std::shared_ptr<Memory> memory_;
    Transfer transfer_;
    bool profile_;
    Counters counters_;
};

}  // namespace

Result<std::shared_ptr<Device>> Device::create(const DeviceOptions& options,
                                               std::shared_ptr<const Log> log) {
    if (log == nullptr) log = std::make_shared<const Log>();
    ALV_ASSIGN_OR_RETURN(std::shared_ptr<Context> context, options.borrowed
                                                               ? open_borrowed_device(options, log)
                                                               : open_own_device(options, log));
    PlanOverrides overrides = options.plan;
    // Frames of the host wait behind what we submit to its queue.
    constexpr uint64_t kSharedQueueUs = 8000;
    if (options.borrowed && overrides.submit_budget_us == 0) {
        overrides.submit_budget_us = kSharedQueueUs;
    }
    ALV_ASSIGN_OR_RETURN(Plan plan, make_plan(context->caps(), overrides));
    ALV_ASSIGN_OR_RETURN(std::unique_ptr<Kernels> kernels,
                         Kernels::create(context, options.extra_shaders, options.pipeline_cache));
    plan.checks = kernels->checks();
    log->write(LogLevel::kInfo, "device " + context->caps().device_name + " (" +
                                    context->caps().driver_name + " " +
                                    context->caps().driver_info + "), tier " + plan.tier);
    return std::shared_ptr<Device>(
        std::make_shared<VulkanDevice>(std::move(context), std::move(plan), std::move(kernels),
                                       options.profile, options.force_staging));
}

}  // namespace alv::gpu
