#include "gpu/compiler_device.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "gpu/loader.h"
#include "gpu/result.h"

namespace alv::gpu {

namespace {

// A chip that is not there has no semaphores; nothing is submitted, so that one would never change.
VkResult VKAPI_PTR create_semaphore(VkDevice, const VkSemaphoreCreateInfo*,
                                    const VkAllocationCallbacks*, VkSemaphore* semaphore) {
    static char nothing;
    *semaphore = reinterpret_cast<VkSemaphore>(&nothing);
    return VK_SUCCESS;
}
void VKAPI_PTR destroy_semaphore(VkDevice, VkSemaphore, const VkAllocationCallbacks*) {}
VkResult VKAPI_PTR wait_semaphores(VkDevice, const VkSemaphoreWaitInfo*, uint64_t) {
    return VK_SUCCESS;
}

}  // namespace

CompilerDevice* CompilerDevice::current_ = nullptr;

Result<std::unique_ptr<CompilerDevice>> CompilerDevice::create() {
    std::unique_ptr<CompilerDevice> self(new CompilerDevice);
    ALV_RETURN_IF_ERROR(self->open());
    return self;
}

Status CompilerDevice::open() {
    ALV_ASSIGN_OR_RETURN(loader_, Loader::open({}));
    ALV_ASSIGN_OR_RETURN(instance_, Instance::create({}, {}, false));
    ALV_ASSIGN_OR_RETURN(const std::vector<VkPhysicalDevice> physical,
                         instance_->physical_devices());
    if (physical.empty()) return unsupported("no Vulkan device");
    ALV_ASSIGN_OR_RETURN(const DeviceView view, instance_->look_at(physical[0]));
    instance_->query_features(view, features_);
    const bool keeps = features_.executables.pipelineExecutableInfo == VK_TRUE;
    if (!keeps) return unsupported("its driver keeps no statistics of pipelines");
    features_.keep_useful();
    features_.executables.pipelineExecutableInfo = VK_TRUE;

    const char* const extension = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
    const float priority = 1;
    VkDeviceQueueCreateInfo queue_info{};
    queue_info.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue_info.queueFamilyIndex = view.queue_family;
    queue_info.queueCount = 1;
    queue_info.pQueuePriorities = &priority;
    VkDeviceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.pNext = &features_.core;
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue_info;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &extension;
    const VkResult made = instance_->calls().CreateDevice(view.handle, &info, nullptr, &vk_device_);
    if (made < 0) return status_of(made, "vkCreateDevice");
    VkQueue queue = VK_NULL_HANDLE;
    call<PFN_vkGetDeviceQueue>("vkGetDeviceQueue")(vk_device_, view.queue_family, 0, &queue);

    current_ = this;
    BorrowedDevice lent;
    lent.instance = instance_->handle();
    lent.physical_device = view.handle;
    lent.device = vk_device_;
    lent.queue = queue;
    lent.queue_family = view.queue_family;
    lent.get_instance_proc_addr = reinterpret_cast<void*>(&get_instance_call);
    lent.api_version = instance_->api_version();
    lent.enabled_extensions = {extension};
    lent.enabled_features = &features_.core;
    DeviceOptions options;
    options.borrowed = lent;
    ALV_ASSIGN_OR_RETURN(device_, Device::create(options, nullptr));
    return ok_status();
}

CompilerDevice::~CompilerDevice() {
    device_.reset();
    if (vk_device_ != VK_NULL_HANDLE) {
        call<PFN_vkDestroyDevice>("vkDestroyDevice")(vk_device_, nullptr);
    }
    current_ = nullptr;
}

Result<CompilerStatistics> CompilerDevice::compile(const KernelKey& key) {
    last_.clear();
    last_status_ = internal_error("no pipeline was made");
    ALV_RETURN_IF_ERROR(device_->kernel(key).status());
    ALV_RETURN_IF_ERROR(last_status_);
    return last_;
}

Status CompilerDevice::read_subgroup_size(VkPipeline pipeline) {
    VkPipelineInfoKHR info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR;
    info.pipeline = pipeline;
    VkPipelineExecutablePropertiesKHR properties{};
    properties.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
    uint32_t count = 1;
    const VkResult result = call<PFN_vkGetPipelineExecutablePropertiesKHR>(
        "vkGetPipelineExecutablePropertiesKHR")(vk_device_, &info, &count, &properties);
    // Another one would have statistics of its own.
    if (result == VK_INCOMPLETE) return unsupported("its pipelines have several executables");
    if (result < 0) return status_of(result, "vkGetPipelineExecutablePropertiesKHR");
    last_["Subgroup size"] = properties.subgroupSize;
    return ok_status();
}

Status CompilerDevice::read_statistics(VkPipeline pipeline) {
    ALV_RETURN_IF_ERROR(read_subgroup_size(pipeline));
    VkPipelineExecutableInfoKHR executable{};
    executable.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR;
    executable.pipeline = pipeline;
    const auto get =
        call<PFN_vkGetPipelineExecutableStatisticsKHR>("vkGetPipelineExecutableStatisticsKHR");
    uint32_t count = 0;
    VkResult result = get(vk_device_, &executable, &count, nullptr);
    VkPipelineExecutableStatisticKHR empty{};
    empty.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    std::vector<VkPipelineExecutableStatisticKHR> statistics(count, empty);
    if (result >= 0) result = get(vk_device_, &executable, &count, statistics.data());
    if (result < 0) return status_of(result, "vkGetPipelineExecutableStatisticsKHR");
    for (const VkPipelineExecutableStatisticKHR& s : statistics) {
        double& value = last_[s.name];
        switch (s.format) {
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR:
                value = s.value.b32 != 0 ? 1 : 0;
                break;
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR:
                value = static_cast<double>(s.value.i64);
                break;
            case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR:
                value = static_cast<double>(s.value.u64);
                break;
            default:
                value = s.value.f64;
                break;
        }
    }
    return ok_status();
}

PFN_vkVoidFunction CompilerDevice::get_instance_call(VkInstance instance, const char* name) {
    if (std::strcmp(name, "vkGetDeviceProcAddr") == 0) {
        return reinterpret_cast<PFN_vkVoidFunction>(&get_device_call);
    }
    const auto get =
        reinterpret_cast<PFN_vkGetInstanceProcAddr>(current_->loader_->get_instance_proc_addr());
    return get(instance, name);
}

PFN_vkVoidFunction CompilerDevice::get_device_call(VkDevice device, const char* name) {
    const std::string_view wanted = name;
    const auto as_void = [](auto* function) {
        return reinterpret_cast<PFN_vkVoidFunction>(function);
    };
    if (wanted == "vkCreateComputePipelines") return as_void(&create_pipelines);
    if (wanted == "vkCreateSemaphore") return as_void(&create_semaphore);
    if (wanted == "vkDestroySemaphore") return as_void(&destroy_semaphore);
    if (wanted == "vkWaitSemaphores") return as_void(&wait_semaphores);
    return current_->instance_->calls().GetDeviceProcAddr(device, name);
}

VkResult CompilerDevice::create_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                          const VkComputePipelineCreateInfo* infos,
                                          const VkAllocationCallbacks* allocator,
                                          VkPipeline* pipelines) {
    std::vector<VkComputePipelineCreateInfo> kept(infos, infos + count);
    for (VkComputePipelineCreateInfo& info : kept) {
        info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    }
    const auto create = current_->call<PFN_vkCreateComputePipelines>("vkCreateComputePipelines");
    const VkResult result = create(device, cache, count, kept.data(), allocator, pipelines);
    if (result >= 0) current_->last_status_ = current_->read_statistics(pipelines[0]);
    return result;
}

}  // namespace alv::gpu
