// A VkInstance, our own or the host's, and what is asked of it before there is a device.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "gpu/calls.h"
#include "gpu/caps.h"
#include "gpu/features.h"
#include "gpu/loader.h"

namespace alv::gpu {

// What caps are read from: what a device offers, or what a host enabled on it.
struct DeviceView {
    VkPhysicalDevice handle = VK_NULL_HANDLE;
    uint32_t api_version = 0;  // the lower of the device's and the instance's
    std::vector<VkExtensionProperties> extensions;
    uint32_t queue_family = UINT32_MAX;
};

class Instance {
  public:
    // Our own. Debug labels are asked for only while profiling.
    static Result<std::shared_ptr<Instance>> create(const std::string& loader_path,
                                                    const FaultHook& fault, bool debug_labels);
    // The host's, which it keeps. `get` null: the system loader's.
    static Result<std::shared_ptr<Instance>> borrow(VkInstance instance, uint32_t api_version,
                                                    void* get, const std::string& loader_path,
                                                    const FaultHook& fault);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const InstanceCalls& calls() const { return calls_; }
    VkInstance handle() const { return handle_; }
    const FaultHook* fault() const { return &fault_; }
    uint32_t api_version() const { return api_version_; }
    bool debug_labels() const { return debug_labels_; }
    // Never destroys it: a device of this instance was lost.
    void leak();

    Result<std::vector<VkPhysicalDevice>> physical_devices() const;
    // Version, extensions and the queue family that own devices use.
    Result<DeviceView> look_at(VkPhysicalDevice device) const;
    // `features` is what is offered or enabled; see query_features. Devices before Vulkan 1.2 get
    // their name and version only.
    Caps query_caps(const DeviceView& device, const Features& features) const;
    // Fills `features`, which stay linked. Vulkan 1.2 at least.
    void query_features(const DeviceView& device, Features& features) const;
    std::vector<VkQueueFamilyProperties> queue_families(VkPhysicalDevice device) const;

  private:
    Instance() = default;

    std::shared_ptr<Loader> loader_;
    FaultHook fault_;
    InstanceCalls calls_;
    VkInstance handle_ = VK_NULL_HANDLE;
    uint32_t api_version_ = 0;
    bool own_ = false;
    bool debug_labels_ = false;
};

// Compute-only on a discrete GPU (it runs beside the desktop's graphics), else the first family
// with compute. UINT32_MAX: none.
uint32_t choose_queue_family(const std::vector<VkQueueFamilyProperties>& families, bool discrete);

}  // namespace alv::gpu
