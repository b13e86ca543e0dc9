#include "gpu/instance.h"

#include <algorithm>
#include <cstring>

#include "gpu/result.h"

namespace alv::gpu {
namespace {

// Vulkan's two-call idiom; a list that grew in between is asked for again.
template <typename T, typename Fill>
VkResult read_list(std::vector<T>& out, const Fill& fill) {
    for (int attempt = 0; attempt < 8; ++attempt) {
        uint32_t count = 0;
        VkResult result = fill(&count, nullptr);
        if (result < 0) return result;
        out.resize(count);
        if (count == 0) return VK_SUCCESS;
        result = fill(&count, out.data());
        if (result < 0) return result;
        out.resize(std::min<size_t>(count, out.size()));
        if (result == VK_SUCCESS) return VK_SUCCESS;
    }
    return VK_SUCCESS;
}

}  // namespace

Result<std::shared_ptr<Instance>> Instance::create(const std::string& loader_path,
                                                   const FaultHook& fault, bool debug_labels) {
    std::shared_ptr<Instance> self(new Instance);
    ALV_ASSIGN_OR_RETURN(self->loader_, Loader::open(loader_path));
    self->fault_ = fault;
    const auto get =
        reinterpret_cast<PFN_vkGetInstanceProcAddr>(self->loader_->get_instance_proc_addr());
    GlobalCalls global;
    if (const std::string missing = global.load(get, &self->fault_); !missing.empty()) {
        return unsupported("the Vulkan loader has no " + missing + ": install it anew");
    }
    uint32_t version = VK_API_VERSION_1_0;
    if (global.EnumerateInstanceVersion) {
        if (const VkResult r = global.EnumerateInstanceVersion(&version); r < 0) {
            return status_of(r, "vkEnumerateInstanceVersion");
        }
    }
    if (version < VK_API_VERSION_1_2) {
        return unsupported("the Vulkan loader knows Vulkan " +
                           std::to_string(VK_API_VERSION_MAJOR(version)) + "." +
                           std::to_string(VK_API_VERSION_MINOR(version)) +
                           " only, 1.2 is needed: update it");
    }

    std::vector<VkExtensionProperties> offered;
    if (const VkResult r = read_list(offered,
                                     [&](uint32_t* n, VkExtensionProperties* out) {
                                         return global.EnumerateInstanceExtensionProperties(nullptr,
                                                                                            n, out);
                                     });
        r < 0) {
        return status_of(r, "vkEnumerateInstanceExtensionProperties");
    }
    std::vector<const char*> extensions;
    VkInstanceCreateFlags flags = 0;
    if (has_extension(offered, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    }
    if (debug_labels && has_extension(offered, VK_EXT_DEBUG_UTILS_EXTENSION_NAME)) {
        extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
        self->debug_labels_ = true;
    }

    self->api_version_ = std::min<uint32_t>(version, VK_API_VERSION_1_3);
    VkApplicationInfo application{};
    application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
    application.pEngineName = "alviss";
    application.apiVersion = self->api_version_;
    VkInstanceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
    info.flags = flags;
    info.pApplicationInfo = &application;
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    VkInstance instance = VK_NULL_HANDLE;
    if (const VkResult r = global.CreateInstance(&info, nullptr, &instance); r < 0) {
        return status_of(r, "vkCreateInstance");
    }
    self->handle_ = instance;
    self->own_ = true;
    if (const std::string missing = self->calls_.load(get, instance, &self->fault_);
        !missing.empty()) {
        return unsupported("the Vulkan loader has no " + missing + ": update it");
    }
    return self;
}

Result<std::shared_ptr<Instance>> Instance::borrow(VkInstance instance, uint32_t api_version,
                                                   void* get, const std::string& loader_path,
                                                   const FaultHook& fault) {
    std::shared_ptr<Instance> self(new Instance);
    self->fault_ = fault;
    if (get == nullptr) {
        ALV_ASSIGN_OR_RETURN(self->loader_, Loader::open(loader_path));
        get = self->loader_->get_instance_proc_addr();
    }
    const std::string missing = self->calls_.load(reinterpret_cast<PFN_vkGetInstanceProcAddr>(get),
                                                  instance, &self->fault_);
    if (!missing.empty()) {
        return unsupported("the host's VkInstance has no " + missing +
                           ": create it with apiVersion 1.2 or later");
    }
    self->handle_ = instance;
    self->api_version_ = api_version;
    return self;
}

Instance::~Instance() {
    if (own_ && calls_.DestroyInstance) calls_.DestroyInstance(handle_, nullptr);
}

void Instance::leak() {
    own_ = false;
    if (loader_ != nullptr) loader_->keep_open();
}

Result<std::vector<VkPhysicalDevice>> Instance::physical_devices() const {
    std::vector<VkPhysicalDevice> devices;
    const VkResult r = read_list(devices, [&](uint32_t* n, VkPhysicalDevice* out) {
        return calls_.EnumeratePhysicalDevices(handle_, n, out);
    });
    if (r < 0) return status_of(r, "vkEnumeratePhysicalDevices");
    return devices;
}

std::vector<VkQueueFamilyProperties> Instance::queue_families(VkPhysicalDevice device) const {
    uint32_t count = 0;
    calls_.GetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    calls_.GetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
    families.resize(count);
    return families;
}

Result<DeviceView> Instance::look_at(VkPhysicalDevice device) const {
    DeviceView view;
    view.handle = device;
    VkPhysicalDeviceProperties properties{};
    calls_.GetPhysicalDeviceProperties(device, &properties);
    view.api_version = std::min(properties.apiVersion, api_version_);
    const VkResult r = read_list(view.extensions, [&](uint32_t* n, VkExtensionProperties* out) {
        return calls_.EnumerateDeviceExtensionProperties(device, nullptr, n, out);
    });
    if (r < 0) return status_of(r, "vkEnumerateDeviceExtensionProperties");
    view.queue_family = choose_queue_family(
        queue_families(device), properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
    return view;
}

void Instance::query_features(const DeviceView& device, Features& features) const {
    features.link(device.api_version, device.extensions);
    calls_.GetPhysicalDeviceFeatures2(device.handle, &features.core);
}

uint32_t choose_queue_family(const std::vector<VkQueueFamilyProperties>& families, bool discrete) {
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < families.size(); ++i) {
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0 || families[i].queueCount == 0) {
            continue;
        }
        if (discrete && (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0) return i;
        if (first == UINT32_MAX) first = i;
    }
    return first;
}

}  // namespace alv::gpu
