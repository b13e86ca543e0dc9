// A VkDevice with its queue and timeline: what every object made on it holds on to.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/status.h"
#include "gpu/calls.h"
#include "gpu/caps.h"
#include "gpu/instance.h"
#include "gpu/result.h"

namespace alv::gpu {

// Thread-safe.
class Context {
  public:
    struct Parts {
        std::shared_ptr<Instance> instance;
        VkPhysicalDevice physical = VK_NULL_HANDLE;
        VkDevice device = VK_NULL_HANDLE;  // the host's, which it destroys
        VkQueue queue = VK_NULL_HANDLE;    // of that device
        uint32_t queue_family = 0;
        Caps caps;
        std::function<void()> lock_queue;  // both or none
        std::function<void()> unlock_queue;
        std::shared_ptr<const Log> log;
    };

    // On the host's device.
    static Result<std::shared_ptr<Context>> borrow(Parts parts);
    // On one of our own. The context is there before `make` makes the device, so that it has an
    // owner whatever fails after.
    static Result<std::shared_ptr<Context>> create(Parts parts,
                                                   const std::function<Result<VkDevice>()>& make);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const DeviceCalls& vk() const { return vk_; }
    VkDevice device() const { return parts_.device; }
    VkPhysicalDevice physical() const { return parts_.physical; }
    uint32_t queue_family() const { return parts_.queue_family; }
    const Caps& caps() const { return parts_.caps; }
    const Instance& instance() const { return *parts_.instance; }
    bool own() const { return own_; }
    const Log& log() const { return *parts_.log; }
    void log(LogLevel level, std::string_view line) const { parts_.log->write(level, line); }

    // OK, or the Status of a failed call; a lost device is remembered.
    Status check(VkResult result, std::string_view what) const;
    bool lost() const { return lost_.load(std::memory_order_relaxed); }
    // Device lost, if so: asked at the start of everything.
    Status alive() const;

    // Runs the command buffers after everything submitted before; the value of their end.
    Result<uint64_t> submit(std::span<const VkCommandBuffer> commands);
    Result<bool> wait(uint64_t value, uint64_t timeout_ns) const;
    Result<uint64_t> completed() const;
    // For destructors: waits, and gives up only where waiting itself fails; false then, and what
    // the device may still use has to be leaked.
    bool drain(uint64_t value) const;
    uint64_t submitted() const { return submitted_.load(); }

    // Destroys by `call`, unless the device was lost: then the object is leaked, as drivers are
    // known to crash there.
    template <typename Pfn, typename Handle>
    void destroy(const Call<Pfn>& call, Handle& handle) const {
        if (handle != VK_NULL_HANDLE && !lost()) call(parts_.device, handle, nullptr);
        handle = VK_NULL_HANDLE;
    }

  private:
    explicit Context(Parts parts) : parts_(std::move(parts)) {}
    Status load_calls();
    Status make_timeline();
    Status submit_locked(std::span<const VkCommandBuffer> commands, uint64_t value);

    Parts parts_;
    bool own_ = false;
    DeviceCalls vk_;
    VkSemaphore timeline_ = VK_NULL_HANDLE;
    std::mutex queue_mutex_;
    std::atomic<uint64_t> submitted_{0};
    mutable std::atomic<bool> lost_{false};
};

}  // namespace alv::gpu
