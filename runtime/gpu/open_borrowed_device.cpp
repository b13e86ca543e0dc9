#include <algorithm>
#include <cstring>

#include "gpu/choose_device.h"
#include "gpu/open_device.h"

namespace alv::gpu {
namespace {

Status check_handles(const BorrowedDevice& b) {
    if (b.instance == nullptr || b.physical_device == nullptr || b.device == nullptr ||
        b.queue == nullptr) {
        return invalid_argument("a borrowed device needs instance, physical_device, device, queue");
    }
    if (static_cast<bool>(b.lock_queue) != static_cast<bool>(b.unlock_queue)) {
        return invalid_argument(
            "a borrowed device needs both lock_queue and unlock_queue, or none");
    }
    return ok_status();
}

// The names as Vulkan's struct, so that caps are read as from a device's own list.
std::vector<VkExtensionProperties> enabled_extensions(const BorrowedDevice& b) {
    std::vector<VkExtensionProperties> extensions;
    for (const std::string& name : b.enabled_extensions) {
        VkExtensionProperties extension{};
        const size_t length = std::min(name.size(), sizeof(extension.extensionName) - 1);
        std::memcpy(extension.extensionName, name.data(), length);
        extensions.push_back(extension);
    }
    return extensions;
}

}  // namespace

Result<std::shared_ptr<Context>> open_borrowed_device(const DeviceOptions& options,
                                                      std::shared_ptr<const Log> log) {
    const BorrowedDevice& b = *options.borrowed;
    ALV_RETURN_IF_ERROR(check_handles(b));
    if (b.api_version < VK_API_VERSION_1_2) {
        return unsupported(
            "the host's VkInstance was made for a version before Vulkan 1.2: create it "
            "with apiVersion VK_API_VERSION_1_2 or later, and say so in api_version");
    }
    Context::Parts parts;
    ALV_ASSIGN_OR_RETURN(parts.instance, Instance::borrow(static_cast<VkInstance>(b.instance),
                                                          b.api_version, b.get_instance_proc_addr,
                                                          options.loader_path, options.fault));
    const auto physical = static_cast<VkPhysicalDevice>(b.physical_device);
    const auto families = parts.instance->queue_families(physical);
    if (b.queue_family >= families.size() ||
        (families[b.queue_family].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) {
        return invalid_argument("queue_family " + std::to_string(b.queue_family) +
                                " of the borrowed device has no compute");
    }
    ALV_ASSIGN_OR_RETURN(DeviceView view, parts.instance->look_at(physical));
    view.extensions = enabled_extensions(b);
    view.queue_family = b.queue_family;
    Features features;
    features.read_host_chain(b.enabled_features);
    parts.caps = parts.instance->query_caps(view, features);
    const std::string refusal = refusal_of(parts.caps, b.queue_family);
    if (!refusal.empty()) return unsupported(parts.caps.device_name + ": " + refusal);

    parts.physical = physical;
    parts.device = static_cast<VkDevice>(b.device);
    parts.queue = static_cast<VkQueue>(b.queue);
    parts.queue_family = b.queue_family;
    parts.lock_queue = b.lock_queue;
    parts.unlock_queue = b.unlock_queue;
    parts.log = std::move(log);
    return Context::borrow(std::move(parts));
}

}  // namespace alv::gpu
