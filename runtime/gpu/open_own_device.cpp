#include <array>

#include "gpu/choose_device.h"
#include "gpu/open_device.h"

namespace alv::gpu {
namespace {

constexpr const char* kPortabilitySubset = "VK_KHR_portability_subset";

// What of Vulkan 1.3 is used comes as extensions on 1.2.
std::vector<const char*> wanted_extensions(const DeviceView& view) {
    constexpr std::array kAlways{VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, kPortabilitySubset};
    constexpr std::array kBefore13{VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME,
                                   VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME};
    std::vector<const char*> names;
    for (const char* name : kAlways) {
        if (has_extension(view.extensions, name)) names.push_back(name);
    }
    if (view.api_version >= VK_API_VERSION_1_3) return names;
    for (const char* name : kBefore13) {
        if (has_extension(view.extensions, name)) names.push_back(name);
    }
    return names;
}

// The features of the extensions that are not enabled must not be in the chain either.
std::vector<VkExtensionProperties> known_extensions(const DeviceView& view) {
    std::vector<VkExtensionProperties> extensions;
    for (const VkExtensionProperties& extension : view.extensions) {
        const std::string_view name = extension.extensionName;
        if (name != VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME) {
            extensions.push_back(extension);
        }
    }
    return extensions;
}

Result<VkDevice> create_device(const Instance& instance, const DeviceView& view) {
    Features features;
    DeviceView known = view;
    known.extensions = known_extensions(view);
    instance.query_features(known, features);
    features.keep_useful();

    const float priority = 0.5F;
    VkDeviceQueueCreateInfo queue{};
    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue.queueFamilyIndex = view.queue_family;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    const std::vector<const char*> extensions = wanted_extensions(view);
    VkDeviceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.pNext = &features.core;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    VkDevice device = VK_NULL_HANDLE;
    const VkResult r = instance.calls().CreateDevice(view.handle, &info, nullptr, &device);
    if (r < 0) return status_of(r, "vkCreateDevice");
    return device;
}

}  // namespace

Result<std::shared_ptr<Context>> open_own_device(const DeviceOptions& options,
                                                 std::shared_ptr<const Log> log) {
    Context::Parts parts;
    ALV_ASSIGN_OR_RETURN(parts.instance,
                         Instance::create(options.loader_path, options.fault, options.profile));
    ALV_ASSIGN_OR_RETURN(const std::vector<FoundDevice> devices,
                         find_devices(*parts.instance, *log));
    ALV_ASSIGN_OR_RETURN(const FoundDevice* const chosen, choose_device(devices, options));
    parts.physical = chosen->view.handle;
    parts.queue_family = chosen->view.queue_family;
    parts.caps = chosen->info.caps;
    parts.log = std::move(log);
    const Instance& instance = *parts.instance;
    return Context::create(std::move(parts), [&] { return create_device(instance, chosen->view); });
}

}  // namespace alv::gpu
