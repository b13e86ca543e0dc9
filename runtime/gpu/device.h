// A Vulkan device, our own or borrowed from the host, and all that is made on it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "gpu/buffer.h"
#include "gpu/caps.h"
#include "gpu/counters.h"
#include "gpu/fault.h"
#include "gpu/kernel.h"
#include "gpu/kernel_checks.h"
#include "gpu/plan.h"
#include "gpu/recorder.h"
#include "gpu/shaders.h"

namespace alv::gpu {

// One physical device as enumeration finds it.
struct DeviceInfo {
    Caps caps;
    bool usable = false;
    std::string refusal;  // why not, and what would help; empty when usable
};

// Devices in order of preference (discrete, integrated, virtual, CPU). No libvulkan, no driver or a
// failing instance is `unsupported` with what to install.
// `loader_path`: another Vulkan loader than the system's.
Result<std::vector<DeviceInfo>> enumerate_devices(const Log& log,
                                                  const std::string& loader_path = {});

// A device of the host. Handles are Vulkan's, as integers, so that this header needs no vulkan.h.
// Caps come from what was enabled, which only the host knows.
struct BorrowedDevice {
    void* instance = nullptr;         // VkInstance
    void* physical_device = nullptr;  // VkPhysicalDevice
    void* device = nullptr;           // VkDevice
    void* queue = nullptr;            // VkQueue, of a family with compute
    uint32_t queue_family = 0;
    void* get_instance_proc_addr = nullptr;  // PFN_vkGetInstanceProcAddr; null: the system loader's
    uint32_t api_version = 0;                // that the instance was made with
    std::vector<std::string> enabled_extensions;
    const void* enabled_features = nullptr;  // VkPhysicalDeviceFeatures2 chain, read during create
    std::function<void()> lock_queue;        // both or none; none: the queue is ours alone
    std::function<void()> unlock_queue;
};

struct DeviceOptions {
    std::optional<std::array<uint8_t, 16>> uuid;  // none: the first usable
    std::string name_contains;                    // "" or a part of the device's name
    std::optional<BorrowedDevice> borrowed;
    std::vector<uint8_t> pipeline_cache;  // a blob of pipeline_cache(); a bad one is only a miss
    PlanOverrides plan;
    bool profile = false;     // device time by operation; each submit then waits for its end
    std::string loader_path;  // another Vulkan loader than the system's
    // For tests.
    FaultHook fault;
    std::span<const ShaderBlob> extra_shaders;  // found before the embedded ones; must outlive it
    bool force_staging = false;                 // transfers by copy also where memory is mapped
};

struct MemoryUse {
    std::array<uint64_t, kDomainCount> used_bytes{};       // by domain
    std::array<uint64_t, kDomainCount> allocated_bytes{};  // what arenas took from Vulkan
    uint64_t budget_bytes = 0;  // of device-local memory: what this process may still take
    uint64_t heap_bytes = 0;    // size of the device-local heaps
};

// Thread-safe, except that submits must not run at the same time as each other.
class Device {
  public:
    static Result<std::shared_ptr<Device>> create(const DeviceOptions& options,
                                                  std::shared_ptr<const Log> log);
    virtual ~Device() = default;

    virtual const Caps& caps() const = 0;
    virtual const Plan& plan() const = 0;

    // So many bytes of buffers are about to be created: memory is taken for just these.
    virtual void expect(Domain domain, uint64_t size_bytes) = 0;
    // Out of device memory says the bytes asked and the bytes there are.
    virtual Result<Buffer> create_buffer(Domain domain, uint64_t size_bytes,
                                         std::string_view name) = 0;
    virtual MemoryUse memory_use() const = 0;

    // Pipelines are made on demand, kept, and shared.
    virtual Result<const Kernel*> kernel(const KernelKey& key) = 0;
    // Makes many at once on several threads; `progress(done, total)` may be empty, false cancels.
    virtual Status prepare(std::span<const KernelKey> keys,
                           const std::function<bool(size_t, size_t)>& progress) = 0;
    // The pipelines, and what is known of kernels: for DeviceOptions::pipeline_cache.
    virtual Result<std::vector<uint8_t>> pipeline_cache() const = 0;
    // What self-tests found; ops/self_test.h adds to it, and kernel() refuses what failed.
    virtual KernelChecks& checks() const = 0;
    virtual const Log& log() const = 0;

    virtual std::unique_ptr<Recorder> record(std::string_view name) = 0;

    // Calls `fill` with memory to write `view` from: the buffer itself where the host sees it, else
    // staging that is then copied (in pieces of at most 16 MiB: fill(offset, span) may be called
    // several times, offset from the view's start). Returns when the bytes may be reused.
    virtual Status upload(const BufferView& view,
                          const std::function<Status(uint64_t, std::span<uint8_t>)>& fill) = 0;
    // Copies a buffer back to the host (tests, state saving). Waits.
    virtual Status download(const BufferView& view, std::span<uint8_t> out) = 0;

    // Submits segments [first, first + count) of a program after everything submitted before, and
    // returns the timeline value that is reached when they are done.
    virtual Result<uint64_t> submit(const Program& program, uint32_t first, uint32_t count) = 0;
    // Sleeps until the value is reached: true; false after timeout_ns. Device lost is an error.
    virtual Result<bool> wait(uint64_t value, uint64_t timeout_ns) = 0;
    virtual Result<uint64_t> completed() const = 0;
    // True once any call has seen VK_ERROR_DEVICE_LOST; every later call fails with device lost.
    virtual bool lost() const = 0;

    // Since the device was made, or since reset_counters().
    virtual WorkDone work_done() const = 0;
    virtual std::vector<OpTotal> op_times() const = 0;  // empty unless made to profile
    virtual void reset_counters() = 0;
};

}  // namespace alv::gpu
