/* The Vulkan devices of this machine, and why one can't be used. */
#ifndef ALVISS_DEVICE_H
#define ALVISS_DEVICE_H

#include "status.h"

ALV_EXTERN_C_BEGIN

/* Kinds of devices. Since 0.1 */
#define ALV_DEVICE_TYPE_OTHER 0u
#define ALV_DEVICE_TYPE_INTEGRATED 1u
#define ALV_DEVICE_TYPE_DISCRETE 2u
#define ALV_DEVICE_TYPE_VIRTUAL 3u
#define ALV_DEVICE_TYPE_CPU 4u

/* What a device can do beyond the minimum (bits of `features`). Since 0.1 */
#define ALV_DEVICE_FEATURE_FP16 0x1u                /* half-precision arithmetic */
#define ALV_DEVICE_FEATURE_INT8 0x2u                /* 8-bit integers */
#define ALV_DEVICE_FEATURE_STORAGE_16BIT 0x4u       /* 16-bit values in buffers */
#define ALV_DEVICE_FEATURE_STORAGE_8BIT 0x8u        /* 8-bit values in buffers */
#define ALV_DEVICE_FEATURE_INTEGER_DOT 0x10u        /* 8-bit dot products, in hardware */
#define ALV_DEVICE_FEATURE_COOPERATIVE_MATRIX 0x20u /* matrix units */
#define ALV_DEVICE_FEATURE_SUBGROUP 0x40u           /* arithmetic across a subgroup */
#define ALV_DEVICE_FEATURE_UNIFIED_MEMORY 0x80u     /* host and device share their memory */

/* One device. The strings are borrowed until the list or runtime that filled it in is released.
 * Since 0.1 */
typedef struct alv_device_info {
    uint32_t struct_size;       /* sizeof(alv_device_info) */
    uint32_t usable;            /* 1: alv_runtime_create can use it */
    uint32_t type;              /* ALV_DEVICE_TYPE_... */
    uint32_t features;          /* ALV_DEVICE_FEATURE_... */
    uint32_t vendor_id;         /* PCI */
    uint32_t device_id;         /* PCI */
    uint32_t api_version;       /* as VK_MAKE_API_VERSION packs it */
    uint32_t subgroup_size;     /* invocations */
    uint8_t uuid[16];           /* names the device from run to run */
    uint64_t memory_bytes;      /* of its device-local heaps */
    uint64_t max_binding_bytes; /* largest range of a buffer that a shader can see */
    alv_string name;            /* as the driver says it */
    alv_string driver;          /* name and version of the driver */
    alv_string refusal;         /* why it is not usable and what would help; empty if it is */
    alv_string tier;            /* the set of kernels that would be used; empty if not usable */
} alv_device_info;

/* Ready to be filled in. Since 0.1 */
#define ALV_DEVICE_INFO_INIT                                                         \
    {                                                                                \
        sizeof(alv_device_info), 0, 0, 0, 0, 0, 0, 0,                                \
            {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, ALV_STRING_INIT, \
            ALV_STRING_INIT, ALV_STRING_INIT, ALV_STRING_INIT,                       \
    }

/* Writes ALV_DEVICE_INFO_INIT into the first `struct_size` bytes of `out_info`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_device_info_init(alv_device_info* out_info, uint32_t struct_size);

/* The devices as they were when the list was made. Immutable, thread-safe. Caller releases.
 * Since 0.1 */
typedef struct alv_device_list alv_device_list;

/* Looks for devices, in order of preference: discrete, integrated, virtual, CPU. Those that can't
 * be used are listed too. Loads the Vulkan loader and the drivers for the time of the call. Errors:
 * unsupported, with what to install, if there is no Vulkan loader or driver at all. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_device_list_create(alv_device_list** out_list, alv_error** out_error);

/* How many devices are listed. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_device_list_count(const alv_device_list* list);

/* Fills `out_info` (whose struct_size is set) in for the device at `index`. The strings are
 * borrowed until the list is released. Errors: not found past the end. Thread-safe. Since 0.1 */
ALV_API alv_status alv_device_list_get(const alv_device_list* list, uint32_t index,
                                       alv_device_info* out_info, alv_error** out_error);

/* Gives the list back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_device_list_release(alv_device_list* list);

ALV_EXTERN_C_END

#endif
