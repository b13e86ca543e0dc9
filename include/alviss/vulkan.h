/* The host's own Vulkan device: a game lends the one it renders with. Opt-in, and the only header
 * that names Vulkan: it is not part of alviss.h and needs Vulkan's headers (1.2 or newer). */
#ifndef ALVISS_VULKAN_H
#define ALVISS_VULKAN_H

#include <vulkan/vulkan_core.h>

#include "runtime.h"

ALV_EXTERN_C_BEGIN

/* Locks or unlocks the queue against the host's own submits. The library holds the lock only while
 * it submits, and never waits for the device with it. Called from the thread that does the work
 * (see runtime.h). It must not call the library and must not throw. Since 0.1 */
typedef void (*alv_vulkan_queue_callback)(void* user_data);

/* A device that the host made and keeps: it must outlive the runtime and all that was made from it.
 * At least Vulkan 1.2 with timelineSemaphore enabled; what else is enabled decides which kernels
 * run. The struct and what it points to (but not the Vulkan objects) is copied. Since 0.1 */
typedef struct alv_vulkan_device {
    uint32_t struct_size;             /* sizeof(alv_vulkan_device) */
    uint32_t queue_family;            /* of `queue`; must have VK_QUEUE_COMPUTE_BIT */
    VkInstance instance;              /* required */
    VkPhysicalDevice physical_device; /* required */
    VkDevice device;                  /* required */
    VkQueue queue;                    /* required */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr; /* NULL: that of the system's loader */
    uint32_t api_version;                  /* the instance was made with (VkApplicationInfo) */
    uint32_t n_enabled_extensions;         /* of the device */
    const char* const* enabled_extensions; /* names */
    const VkPhysicalDeviceFeatures2* enabled_features; /* with its chain; NULL: none */
    alv_vulkan_queue_callback
        lock_queue; /* NULL together with unlock_queue: the queue is only ours */
    alv_vulkan_queue_callback unlock_queue; /* see lock_queue */
    void* user_data;                        /* handed to both; must live as long as the device */
} alv_vulkan_device;

/* Nothing lent yet. Since 0.1 */
#define ALV_VULKAN_DEVICE_INIT                                                                    \
    {                                                                                             \
        sizeof(alv_vulkan_device), 0, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, \
            NULL,                                                                                 \
    }

/* Writes ALV_VULKAN_DEVICE_INIT into the first `struct_size` bytes of `out_device`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_vulkan_device_init(alv_vulkan_device* out_device, uint32_t struct_size);

ALV_EXTERN_C_END

#endif
