/* What a runtime has done: submits, dispatches, time. For benchmarks and for a host's own graphs.
 */
#ifndef ALVISS_COUNTERS_H
#define ALVISS_COUNTERS_H

#include "runtime.h"

ALV_EXTERN_C_BEGIN

/* Counted since the runtime was made, rebuilt, or told to begin anew. Uploads are not in it.
 * Since 0.1 */
typedef struct alv_counters {
    uint32_t struct_size;     /* sizeof(alv_counters) */
    uint32_t reserved;        /* 0 */
    uint64_t submits;         /* of work to the device's queue */
    uint64_t dispatches;      /* in them */
    double busy_us;           /* the device had work of ours whose end was not seen yet */
    double longest_submit_us; /* from a submit, or the end of the one before, to its end */
    double host_us;           /* processor time that moving the work took: scheduling, text,
                                 submits, and callbacks of the host that were made meanwhile; not of
                                 loads, and not of the driver's own threads */
} alv_counters;

/* Ready to be filled in. Since 0.1 */
#define ALV_COUNTERS_INIT \
    { sizeof(alv_counters), 0, 0, 0, 0.0, 0.0, 0.0, }

/* Writes ALV_COUNTERS_INIT into the first `struct_size` bytes of `out_counters`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_counters_init(alv_counters* out_counters, uint32_t struct_size);

/* Fills `out_counters` in; without a device, or with a lost one, what is of the device is 0. A
 * submit, token or slice that is under way is not counted yet. Errors: invalid argument.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_get_counters(alv_runtime* runtime, alv_counters* out_counters,
                                            alv_error** out_error);

/* All counters, and the times by operation, begin again at 0. Errors: invalid argument.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_reset_counters(alv_runtime* runtime, alv_error** out_error);

/* Device time of one operation, such as "matmul". Filled in by the library, whose size it has: a
 * field past `struct_size` is not there. Since 0.1 */
typedef struct alv_op_time {
    uint32_t struct_size; /* of the library's struct */
    uint32_t reserved;    /* 0 */
    alv_string name;      /* of the operation */
    uint64_t calls;       /* dispatches */
    double device_us;     /* of all of them */
} alv_op_time;

/* Takes one operation. Borrowed until it returns. Called by the thread that asked, inside
 * alv_runtime_visit_op_times, with no lock held: everything may be called back. Since 0.1 */
typedef void (*alv_op_time_callback)(void* user_data, const alv_op_time* op);

/* Calls `visit` once for each operation that ran, in order of their names; never, unless the
 * runtime was made with ALV_RUNTIME_PROFILE on a device that has timestamps. Errors: invalid
 * argument, callback failed (it threw). Thread-safe. Since 0.1 */
ALV_API alv_status alv_runtime_visit_op_times(alv_runtime* runtime, alv_op_time_callback visit,
                                              void* user_data, alv_error** out_error);

ALV_EXTERN_C_END

#endif
