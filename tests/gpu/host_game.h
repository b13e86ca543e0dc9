// A host with a Vulkan device of its own, made as a game would: its own loader handle, instance,
// device and queue. The tests may put calls of theirs in between.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>

#include "gpu/device.h"
#include "gpu/vk.h"

namespace alv::gpu {

class HostGame {
  public:
    explicit HostGame(bool timeline = true) {
        library_ = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
        get_ =
            reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library_, "vkGetInstanceProcAddr"));
        make_instance();
        make_device(timeline);
    }
    ~HostGame() {
        if (abandoned) return;
        call<PFN_vkDestroyDevice>("vkDestroyDevice")(device, nullptr);
        call<PFN_vkDestroyInstance>("vkDestroyInstance")(instance, nullptr);
        dlclose(library_);
    }
    HostGame(const HostGame&) = delete;
    HostGame& operator=(const HostGame&) = delete;

    template <typename Pfn>
    Pfn call(const char* name) const {
        return reinterpret_cast<Pfn>(get_(instance, name));
    }

    BorrowedDevice borrow() {
        BorrowedDevice b;
        b.instance = instance;
        b.physical_device = physical;
        b.device = device;
        b.queue = queue;
        b.queue_family = 0;
        b.api_version = VK_API_VERSION_1_2;
        b.enabled_features = &features;
        b.lock_queue = [this] {
            mutex_.lock();
            ++n_locks;
            locked = true;
        };
        b.unlock_queue = [this] {
            locked = false;
            ++n_unlocks;
            mutex_.unlock();
        };
        return b;
    }

    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physical = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;
    VkPhysicalDeviceFeatures2 features{};
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline_features{};
    int n_locks = 0;
    int n_unlocks = 0;
    bool locked = false;
    // As after a loss: objects of ours are still on the device, so that it must not be destroyed.
    bool abandoned = false;

  private:
    void make_instance() {
        VkApplicationInfo application{};
        application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
        application.pApplicationName = "a game";
        application.apiVersion = VK_API_VERSION_1_2;
        VkInstanceCreateInfo info{};
        info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
        info.pApplicationInfo = &application;
        const auto create =
            reinterpret_cast<PFN_vkCreateInstance>(get_(VK_NULL_HANDLE, "vkCreateInstance"));
        EXPECT_EQ(create(&info, nullptr, &instance), VK_SUCCESS);
        uint32_t count = 1;
        call<PFN_vkEnumeratePhysicalDevices>("vkEnumeratePhysicalDevices")(instance, &count,
                                                                           &physical);
        EXPECT_EQ(count, 1U);
    }
    // Family 0 has compute on every driver these tests run on.
    void make_device(bool timeline) {
        features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
        features.pNext = &timeline_features;
        timeline_features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES;
        timeline_features.timelineSemaphore = timeline ? VK_TRUE : VK_FALSE;
        const float priority = 1;
        VkDeviceQueueCreateInfo queue_info{};
        queue_info.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
        queue_info.queueCount = 1;
        queue_info.pQueuePriorities = &priority;
        VkDeviceCreateInfo info{};
        info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
        info.pNext = &features;
        info.queueCreateInfoCount = 1;
        info.pQueueCreateInfos = &queue_info;
        EXPECT_EQ(call<PFN_vkCreateDevice>("vkCreateDevice")(physical, &info, nullptr, &device),
                  VK_SUCCESS);
        call<PFN_vkGetDeviceQueue>("vkGetDeviceQueue")(device, 0, 0, &queue);
    }

    void* library_ = nullptr;
    PFN_vkGetInstanceProcAddr get_ = nullptr;
    std::mutex mutex_;
};

}  // namespace alv::gpu
