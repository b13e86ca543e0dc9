/* What a model and its context would take, before it is taken. */
#ifndef ALVISS_MEMORY_PLAN_H
#define ALVISS_MEMORY_PLAN_H

#include "model.h"

ALV_EXTERN_C_BEGIN

/* Bytes by purpose, against what is there. Since 0.1 */
typedef struct alv_memory_plan {
    uint32_t struct_size;   /* sizeof(alv_memory_plan) */
    uint32_t fits;          /* 1: the device has room for it now */
    uint64_t weights_bytes; /* device memory */
    uint64_t kv_bytes;      /* device memory, for kv_tokens of the options */
    uint64_t scratch_bytes; /* device memory for activations, logits, step buffers */
    uint64_t staging_bytes; /* for uploads, given back after the load */
    uint64_t host_bytes;    /* our own heap: tokenizer and tables, estimated */
    uint64_t budget_bytes;  /* device memory that is free for us now, as the driver says */
    uint64_t max_kv_tokens; /* the largest kv_tokens that would fit */
} alv_memory_plan;

/* Ready to be filled in. Since 0.1 */
#define ALV_MEMORY_PLAN_INIT \
    { sizeof(alv_memory_plan), 0, 0, 0, 0, 0, 0, 0, 0, }

/* Writes ALV_MEMORY_PLAN_INIT into the first `struct_size` bytes of `out_plan`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_memory_plan_init(alv_memory_plan* out_plan, uint32_t struct_size);

/* Reads the header of the file that `options` names and plans the model on the runtime's device;
 * takes nothing. `flags` and `progress` of the options are not looked at; a `file` is closed before
 * the call returns. Errors: those of alv_model_open, and unsupported. Thread-safe. Since 0.1 */
ALV_API alv_status alv_memory_plan_query(alv_runtime* runtime, const alv_model_options* options,
                                         alv_memory_plan* out_plan, alv_error** out_error);

ALV_EXTERN_C_END

#endif
