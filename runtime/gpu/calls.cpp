#include "gpu/calls.h"

namespace alv::gpu {

#define ALV_LOAD(name)                              \
    {                                               \
        const auto function = find("vk" #name);     \
        if (function == nullptr) return "vk" #name; \
        (name).set(function, "vk" #name, fault);    \
    }
#define ALV_LOAD_OPTIONAL(name) (name).set(find("vk" #name), "vk" #name, fault);

std::string GlobalCalls::load(PFN_vkGetInstanceProcAddr get, const FaultHook* fault) {
    const auto find = [&](const char* name) { return get(VK_NULL_HANDLE, name); };
    ALV_GLOBAL_CALLS(ALV_LOAD)
    ALV_LOAD_OPTIONAL(EnumerateInstanceVersion)
    return {};
}

std::string InstanceCalls::load(PFN_vkGetInstanceProcAddr get, VkInstance instance,
                                const FaultHook* fault) {
    const auto find = [&](const char* name) { return get(instance, name); };
    ALV_INSTANCE_CALLS(ALV_LOAD)
    return {};
}

std::string DeviceCalls::load(const InstanceCalls& instance, VkDevice device,
                              const FaultHook* fault) {
    const auto find = [&](const char* name) { return instance.GetDeviceProcAddr(device, name); };
    ALV_DEVICE_CALLS(ALV_LOAD)
    ALV_OPTIONAL_DEVICE_CALLS(ALV_LOAD_OPTIONAL)
    return {};
}

}  // namespace alv::gpu
