// A device whose driver tells what its compiler made of each pipeline: registers, spills, shared
// memory. It may be a chip that is not there (RADV_FORCE_FAMILY): pipelines are all that is made.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gpu/device.h"
#include "gpu/instance.h"

namespace alv::gpu {

// By the driver's own names: "VGPRs", "Spilled VGPRs", "LDS size", ...; and "Subgroup size".
using CompilerStatistics = std::map<std::string, double>;

// Made as a host makes its device, and lent to the library, whose pipelines are then the ones it
// makes for everyone; only the flag that keeps statistics is put in between. One at a time.
class CompilerDevice {
  public:
    // The first device found. Unsupported where its driver keeps no statistics.
    static Result<std::unique_ptr<CompilerDevice>> create();
    ~CompilerDevice();
    CompilerDevice(const CompilerDevice&) = delete;
    CompilerDevice& operator=(const CompilerDevice&) = delete;

    Device& device() const { return *device_; }
    // Makes the pipeline; a key that was asked for before is an error.
    Result<CompilerStatistics> compile(const KernelKey& key);

  private:
    CompilerDevice() = default;
    Status open();
    Status read_subgroup_size(VkPipeline pipeline);
    Status read_statistics(VkPipeline pipeline);

    template <typename Pfn>
    Pfn call(const char* name) const {
        return reinterpret_cast<Pfn>(instance_->calls().GetDeviceProcAddr(vk_device_, name));
    }
    static PFN_vkVoidFunction VKAPI_PTR get_instance_call(VkInstance instance, const char* name);
    static PFN_vkVoidFunction VKAPI_PTR get_device_call(VkDevice device, const char* name);
    static VkResult VKAPI_PTR create_pipelines(VkDevice device, VkPipelineCache cache,
                                               uint32_t count,
                                               const VkComputePipelineCreateInfo* infos,
                                               const VkAllocationCallbacks* allocator,
                                               VkPipeline* pipelines);
    static CompilerDevice* current_;  // what the calls in between belong to

    std::shared_ptr<Loader> loader_;
    std::shared_ptr<Instance> instance_;
    Features features_;
    VkDevice vk_device_ = VK_NULL_HANDLE;
    std::shared_ptr<Device> device_;
    CompilerStatistics last_;
    Status last_status_;
};

}  // namespace alv::gpu
