/* The runtime: one device, what runs on it, and how the host drives it.
 *
 * Who does the work. By default a worker thread of the runtime. With ALV_RUNTIME_HOST_STEPPED there
 * is none: the host calls alv_runtime_step from its frame loop, and the calls that wait
 * (alv_model_wait, alv_generation_wait, alv_embedder_embed, alv_embedding_wait) do the work while
 * they wait.
 *
 * Who calls the callbacks. The thread that does the work; or, with ALV_RUNTIME_DISPATCH_CALLBACKS,
 * only the thread that calls alv_runtime_dispatch, inside that call. Log lines and reads of host
 * files come from wherever they arise.
 *
 * What may be called from a callback of a generation or a model load:
 *   everything that is not named below                        allowed, the releases too
 *   alv_runtime_step, alv_runtime_dispatch, alv_runtime_rebuild    invalid state
 *   alv_embedder_embed                                        invalid state
 *   alv_model_wait, alv_generation_wait, alv_embedding_wait   invalid state, unless there is
 *                                                             nothing to wait for
 * From a log, file or queue callback: only calls that have nothing to do with
 * the same runtime.
 *
 * Objects keep alive what they were made from: release in any order, at any time. After the last
 * release the worker thread is gone and the library can be unloaded, unless that release was made
 * inside a callback of the worker: then the thread ends shortly after the callback returns.
 *
 * In a forked child every object of the parent is dead: calls that can fail return invalid state,
 * the others do nothing.
 */
#ifndef ALVISS_RUNTIME_H
#define ALVISS_RUNTIME_H

#include "bytes.h"
#include "device.h"
#include "log.h"

ALV_EXTERN_C_BEGIN

/* A device and the work on it. Reference-counted. Thread-safe. Caller releases. Since 0.1 */
typedef struct alv_runtime alv_runtime;

/* A device of the host: see vulkan.h. Since 0.1 */
struct alv_vulkan_device;

/* Without a device: files can be inspected and models opened for their tokenizer only. Since 0.1 */
#define ALV_RUNTIME_NO_DEVICE 0x1u
/* Without a thread: the host calls alv_runtime_step. Since 0.1 */
#define ALV_RUNTIME_HOST_STEPPED 0x2u
/* Callbacks run inside alv_runtime_dispatch only. Since 0.1 */
#define ALV_RUNTIME_DISPATCH_CALLBACKS 0x4u
/* Every kernel is tested when the device is made, not only those of a model when it is loaded; what
 * pipeline_cache_path or pipeline_cache_data know is not tested again. Takes seconds on CPU
 * drivers. What comes out is in alv_runtime_describe. Since 0.1 */
#define ALV_RUNTIME_SELF_TEST 0x8u
/* Device time is taken by operation: alv_runtime_visit_op_times (counters.h). For measuring only:
 * each submit then waits for its end. Since 0.1 */
#define ALV_RUNTIME_PROFILE 0x10u

/* How a runtime is made. Everything is copied; pointers need not outlive the call, except
 * `log_user_data`, which must live as long as the runtime and all that was made from it.
 * Since 0.1 */
typedef struct alv_runtime_options {
    uint32_t struct_size;       /* sizeof(alv_runtime_options) */
    uint32_t flags;             /* ALV_RUNTIME_... */
    const uint8_t* device_uuid; /* 16 bytes; NULL: the first usable device */
    alv_string device_name;     /* a part of the device's name, any case; empty: any device */
    const struct alv_vulkan_device* vulkan; /* the host's own device; NULL: the library makes one */
    uint64_t submit_budget_us; /* GPU time one submit aims at; 0: 20 ms, 8 on a shared queue */
    alv_log_callback log;      /* NULL: no log */
    void* log_user_data;       /* handed to `log` */
    uint32_t log_level;        /* ALV_LOG_...; 0: warnings and errors */
    uint32_t reserved;         /* 0 */
    /* Compiled pipelines and what self-tests found; read now, written after loads and at the end;
     * empty: none. */
    alv_string pipeline_cache_path;
    const void* pipeline_cache_data; /* of alv_runtime_pipeline_cache; a bad one is only a miss */
    uint64_t pipeline_cache_size;    /* bytes; 0: none */
} alv_runtime_options;

/* The defaults. Since 0.1 */
#define ALV_RUNTIME_OPTIONS_INIT                                                          \
    {                                                                                     \
        sizeof(alv_runtime_options), 0, NULL, ALV_STRING_INIT, NULL, 0, NULL, NULL, 0, 0, \
            ALV_STRING_INIT, NULL, 0,                                                     \
    }

/* Writes ALV_RUNTIME_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_runtime_options_init(alv_runtime_options* out_options, uint32_t struct_size);

/* What a runtime has and has taken. Since 0.1 */
typedef struct alv_runtime_info {
    uint32_t struct_size;     /* sizeof(alv_runtime_info) */
    uint32_t has_device;      /* 1 if there is one */
    uint32_t device_lost;     /* 1: call alv_runtime_rebuild */
    uint32_t models;          /* opened and not released */
    uint64_t weights_bytes;   /* device memory in use, by purpose */
    uint64_t kv_bytes;        /* kv caches */
    uint64_t scratch_bytes;   /* activations, step buffers, read-back, staging */
    uint64_t allocated_bytes; /* device memory taken from the driver for all of these */
    uint64_t budget_bytes;    /* device memory this process may still take, as the driver says */
} alv_runtime_info;

/* Ready to be filled in. Since 0.1 */
#define ALV_RUNTIME_INFO_INIT \
    { sizeof(alv_runtime_info), 0, 0, 0, 0, 0, 0, 0, 0, }

/* Writes ALV_RUNTIME_INFO_INIT into the first `struct_size` bytes of `out_info`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_runtime_info_init(alv_runtime_info* out_info, uint32_t struct_size);

/* Makes a runtime; `options` may be NULL. Takes as long as the driver needs to make a device.
 * Errors: not found (no such device), unsupported (no Vulkan, no usable device: the message says
 * why, device by device), invalid argument, out of memory. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_create(const alv_runtime_options* options, alv_runtime** out_runtime,
                                      alv_error** out_error);

/* Another owner: one more release is due. Returns `runtime`. Thread-safe. Since 0.1 */
ALV_API alv_runtime* alv_runtime_retain(alv_runtime* runtime);

/* Gives the runtime back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_runtime_release(alv_runtime* runtime);

/* Fills `out_info` in. Errors: invalid argument. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_get_info(alv_runtime* runtime, alv_runtime_info* out_info,
                                        alv_error** out_error);

/* Fills `out_info` in for the runtime's device. The strings are borrowed until the runtime is
 * released or rebuilt. Errors: invalid state without a device. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_get_device_info(alv_runtime* runtime, alv_device_info* out_info,
                                               alv_error** out_error);

/* What the library knows of the runtime's device and decided about it, as one JSON object for
 * people and bug reports. Its members: device       name, driver, driver_version, api_version,
 * type, borrowed, vendor_id, device_id, uuid features     names of what it can do beyond the
 * minimum limits       numbers that kernels are bound by memory       heaps (bytes, device_local),
 * budget_bytes (what this process may still take), allocated_bytes, unified plan         what was
 * chosen: a list of name, value, reason variants     which kernel does an operation: a list of
 * name, value, reason kernels      the self-tests so far: a list of kernel, passed, cached, error,
 * tolerance (both as parts of the largest value expected), ms (0 if cached) quarantined  the names
 * of kernels that failed and are not used A kernel is tested when a model that needs it is loaded,
 * or with ALV_RUNTIME_SELF_TEST. Members may be added. Caller releases (alv_bytes_release). Errors:
 * invalid state without a device. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_describe(alv_runtime* runtime, alv_bytes** out_json,
                                        alv_error** out_error);

/* Works for about `budget_us` microseconds, on short units: a slice of a prefill, a token, a piece
 * of a load. A unit that the GPU has not finished in time is left to it and looked at again in the
 * next call. `out_pending` (may be NULL) is 1 if work is left, else 0.
 * A load has a thread of its own, which runs only while this call waits for it.
 * Errors: invalid state if the runtime has a worker thread, or from a callback, or while another
 * thread is in this call. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_step(alv_runtime* runtime, uint64_t budget_us, uint32_t* out_pending,
                                    alv_error** out_error);

/* Delivers the events that wait to their callbacks, at most `max_events` (0: all there are now).
 * `out_delivered` may be NULL. Errors: invalid state without ALV_RUNTIME_DISPATCH_CALLBACKS, from a
 * callback, or while another thread is in this call. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_dispatch(alv_runtime* runtime, uint32_t max_events,
                                        uint32_t* out_delivered, alv_error** out_error);

/* After a lost device: makes a new one and starts to load every model onto it again (watch them by
 * alv_model_get_progress or alv_model_wait). Generations in flight fail with device lost, once; the
 * sessions keep their messages and go on. `replacement` is for a runtime on a device of the host,
 * and NULL for any other. May also be called when no loss was seen yet. Errors: those of
 * alv_runtime_create (the runtime then stays lost, and the call can be made again), invalid state
 * from a callback. Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_rebuild(alv_runtime* runtime,
                                       const struct alv_vulkan_device* replacement,
                                       alv_error** out_error);

/* The pipelines compiled so far and what self-tests found, to be kept by the host and given to the
 * next runtime. Caller releases (alv_bytes_release). Errors: invalid state without a device.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_pipeline_cache(alv_runtime* runtime, alv_bytes** out_cache,
                                              alv_error** out_error);

ALV_EXTERN_C_END

#endif
