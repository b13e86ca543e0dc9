// The Vulkan calls that this layer makes, as tables filled at run time: one list each, so that
// loading, fault injection and the declarations cannot drift apart.
#pragma once

#include <string>
#include <type_traits>

#include "gpu/fault.h"
#include "gpu/vk.h"

namespace alv::gpu {

// A loaded entry point. One that returns VkResult asks the fault hook first.
template <typename Pfn>
class Call;

template <typename R, typename... Args>
class Call<R(VKAPI_PTR*)(Args...)> {
  public:
    void set(PFN_vkVoidFunction function, const char* name, const FaultHook* fault) {
        function_ = reinterpret_cast<R(VKAPI_PTR*)(Args...)>(function);
        name_ = name;
        fault_ = fault;
    }
    explicit operator bool() const { return function_ != nullptr; }

    R operator()(Args... args) const {
        if constexpr (std::is_same_v<R, VkResult>) {
            if (fault_ != nullptr && *fault_) {
                if (const int32_t injected = (*fault_)(name_); injected != 0) {
                    return static_cast<VkResult>(injected);
                }
            }
        }
        return function_(args...);
    }

  private:
    R(VKAPI_PTR* function_)(Args...) = nullptr;
    const char* name_ = "";
    const FaultHook* fault_ = nullptr;
};

#define ALV_GLOBAL_CALLS(X)                 \
    X(EnumerateInstanceExtensionProperties) \
    X(CreateInstance)

// What destroys comes first: it is there whatever else is missing.
#define ALV_INSTANCE_CALLS(X)                 \
    X(DestroyInstance)                        \
    X(EnumeratePhysicalDevices)               \
    X(EnumerateDeviceExtensionProperties)     \
    X(GetPhysicalDeviceProperties)            \
    X(GetPhysicalDeviceProperties2)           \
    X(GetPhysicalDeviceFeatures2)             \
    X(GetPhysicalDeviceMemoryProperties2)     \
    X(GetPhysicalDeviceQueueFamilyProperties) \
    X(CreateDevice)                           \
    X(GetDeviceProcAddr)

#define ALV_DEVICE_CALLS(X)        \
    X(DestroyDevice)               \
    X(GetDeviceQueue)              \
    X(QueueSubmit)                 \
    X(AllocateMemory)              \
    X(FreeMemory)                  \
    X(MapMemory)                   \
    X(CreateBuffer)                \
    X(DestroyBuffer)               \
    X(GetBufferMemoryRequirements) \
    X(BindBufferMemory)            \
    X(CreateBufferView)            \
    X(DestroyBufferView)           \
    X(CreateShaderModule)          \
    X(DestroyShaderModule)         \
    X(CreatePipelineCache)         \
    X(DestroyPipelineCache)        \
    X(GetPipelineCacheData)        \
    X(CreateComputePipelines)      \
    X(DestroyPipeline)             \
    X(CreateDescriptorSetLayout)   \
    X(DestroyDescriptorSetLayout)  \
    X(CreatePipelineLayout)        \
    X(DestroyPipelineLayout)       \
    X(CreateDescriptorPool)        \
    X(DestroyDescriptorPool)       \
    X(AllocateDescriptorSets)      \
    X(UpdateDescriptorSets)        \
    X(CreateCommandPool)           \
    X(DestroyCommandPool)          \
    X(AllocateCommandBuffers)      \
    X(BeginCommandBuffer)          \
    X(EndCommandBuffer)            \
    X(CmdBindPipeline)             \
    X(CmdBindDescriptorSets)       \
    X(CmdPushConstants)            \
    X(CmdDispatch)                 \
    X(CmdDispatchIndirect)         \
    X(CmdCopyBuffer)               \
    X(CmdFillBuffer)               \
    X(CmdPipelineBarrier)          \
    X(CmdResetQueryPool)           \
    X(CmdWriteTimestamp)           \
    X(CreateQueryPool)             \
    X(DestroyQueryPool)            \
    X(GetQueryPoolResults)         \
    X(CreateSemaphore)             \
    X(DestroySemaphore)            \
    X(WaitSemaphores)              \
    X(GetSemaphoreCounterValue)

// Of extensions: absent unless the instance was made with them.
#define ALV_OPTIONAL_DEVICE_CALLS(X) \
    X(CmdBeginDebugUtilsLabelEXT)    \
    X(CmdEndDebugUtilsLabelEXT)

#define ALV_DECLARE_CALL(name) Call<PFN_vk##name> name;

struct GlobalCalls {
    ALV_GLOBAL_CALLS(ALV_DECLARE_CALL)
    Call<PFN_vkEnumerateInstanceVersion> EnumerateInstanceVersion;  // absent in Vulkan 1.0
    // Each load returns the name of the first entry point that is missing, or "". `fault` must
    // outlive the table.
    std::string load(PFN_vkGetInstanceProcAddr get, const FaultHook* fault);
};

struct InstanceCalls {
    ALV_INSTANCE_CALLS(ALV_DECLARE_CALL)
    std::string load(PFN_vkGetInstanceProcAddr get, VkInstance instance, const FaultHook* fault);
};

struct DeviceCalls {
    ALV_DEVICE_CALLS(ALV_DECLARE_CALL)
    ALV_OPTIONAL_DEVICE_CALLS(ALV_DECLARE_CALL)
    std::string load(const InstanceCalls& instance, VkDevice device, const FaultHook* fault);
};

#undef ALV_DECLARE_CALL

}  // namespace alv::gpu
