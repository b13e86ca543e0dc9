#include "gpu/context.h"

namespace alv::gpu {
namespace {

constexpr std::string_view kLostAdvice =
    "the device was lost (driver reset, removed, or hung): create a new one and load again";

}  // namespace

Result<std::shared_ptr<Context>> Context::borrow(Parts parts) {
    std::shared_ptr<Context> self(new Context(std::move(parts)));
    ALV_RETURN_IF_ERROR(self->load_calls());
    ALV_RETURN_IF_ERROR(self->make_timeline());
    return self;
}

Result<std::shared_ptr<Context>> Context::create(Parts parts,
                                                 const std::function<Result<VkDevice>()>& make) {
    std::shared_ptr<Context> self(new Context(std::move(parts)));
    ALV_ASSIGN_OR_RETURN(self->parts_.device, make());
    self->own_ = true;
    ALV_RETURN_IF_ERROR(self->load_calls());
    const Parts& p = self->parts_;
    self->vk_.GetDeviceQueue(p.device, p.queue_family, 0, &self->parts_.queue);
    ALV_RETURN_IF_ERROR(self->make_timeline());
    return self;
}

Status Context::load_calls() {
    const Parts& p = parts_;
    const std::string missing = vk_.load(p.instance->calls(), p.device, p.instance->fault());
    if (!missing.empty()) return unsupported("the Vulkan driver has no " + missing + ": update it");
    return ok_status();
}

Status Context::make_timeline() {
    VkSemaphoreTypeCreateInfo type{};
    type.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO;
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    VkSemaphoreCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
    info.pNext = &type;
    return check(vk_.CreateSemaphore(parts_.device, &info, nullptr, &timeline_),
                 "vkCreateSemaphore");
}

Context::~Context() {
    if (timeline_ != VK_NULL_HANDLE) drain(submitted_.load());
    if (lost()) {
        if (own_) parts_.instance->leak();
        return;
    }
    destroy(vk_.DestroySemaphore, timeline_);
    if (own_ && vk_.DestroyDevice) vk_.DestroyDevice(parts_.device, nullptr);
}

Status Context::check(VkResult result, std::string_view what) const {
    if (result >= 0) return ok_status();
    if (result == VK_ERROR_DEVICE_LOST && !lost_.exchange(true)) {
        log(LogLevel::kError, std::string(what) + ": device lost");
    }
    return status_of(result, what);
}

Status Context::alive() const {
    return lost() ? device_lost(std::string(kLostAdvice)) : ok_status();
}

Status Context::submit_locked(std::span<const VkCommandBuffer> commands, uint64_t value) {
    VkTimelineSemaphoreSubmitInfo timeline{};
    timeline.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO;
    timeline.signalSemaphoreValueCount = 1;
    timeline.pSignalSemaphoreValues = &value;
    VkSubmitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    info.pNext = &timeline;
    info.commandBufferCount = static_cast<uint32_t>(commands.size());
    info.pCommandBuffers = commands.data();
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &timeline_;

    // The callbacks are the host's code: an exception must not leave the queue locked.
    if (parts_.lock_queue) {
        try {
            parts_.lock_queue();
        } catch (...) {
            return {Code::kCallbackFailed, "the host's lock_queue threw: nothing was submitted"};
        }
    }
    const VkResult result = vk_.QueueSubmit(parts_.queue, 1, &info, VK_NULL_HANDLE);
    if (parts_.unlock_queue) {
        try {
            parts_.unlock_queue();
        } catch (...) {
            log(LogLevel::kError, "the host's unlock_queue threw");
        }
    }
    return check(result, "vkQueueSubmit");
}

Result<uint64_t> Context::submit(std::span<const VkCommandBuffer> commands) {
    const std::lock_guard lock(queue_mutex_);
    ALV_RETURN_IF_ERROR(alive());
    const uint64_t value = submitted_.load() + 1;
    ALV_RETURN_IF_ERROR(submit_locked(commands, value));
    submitted_.store(value);
    return value;
}

Result<bool> Context::wait(uint64_t value, uint64_t timeout_ns) const {
    ALV_RETURN_IF_ERROR(alive());
    VkSemaphoreWaitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO;
    info.semaphoreCount = 1;
    info.pSemaphores = &timeline_;
    info.pValues = &value;
    const VkResult result = vk_.WaitSemaphores(parts_.device, &info, timeout_ns);
    if (result == VK_TIMEOUT) return false;
    ALV_RETURN_IF_ERROR(check(result, "vkWaitSemaphores"));
    return true;
}

Result<uint64_t> Context::completed() const {
    ALV_RETURN_IF_ERROR(alive());
    uint64_t value = 0;
    ALV_RETURN_IF_ERROR(check(vk_.GetSemaphoreCounterValue(parts_.device, timeline_, &value),
                              "vkGetSemaphoreCounterValue"));
    return value;
}

bool Context::drain(uint64_t value) const {
    for (int attempt = 0; attempt < 3 && !lost(); ++attempt) {
        if (const auto done = wait(value, UINT64_MAX); done.ok() && *done) return true;
    }
    // Not known to be idle: what is in use must not be destroyed any more than on a lost device.
    lost_.store(true);
    return false;
}

}  // namespace alv::gpu
