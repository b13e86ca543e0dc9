/* A look into a GGUF file: its metadata and its tensors. Needs no device and no runtime. */
#ifndef ALVISS_GGUF_H
#define ALVISS_GGUF_H

#include "bytes.h"
#include "model.h"

ALV_EXTERN_C_BEGIN

/* An open GGUF file. Immutable, thread-safe. Caller releases. Since 0.1 */
typedef struct alv_gguf alv_gguf;

/* One metadata entry. Borrowed until the file is released. Since 0.1 */
typedef struct alv_gguf_entry {
    uint32_t struct_size; /* sizeof(alv_gguf_entry) */
    uint32_t is_array;    /* 1: `type` is that of the elements */
    alv_string key;       /* such as "llama.block_count" */
    alv_string type;      /* "uint32", "string", ... */
    uint64_t count;       /* elements; 1 unless it is an array */
} alv_gguf_entry;

/* Ready to be filled in. Since 0.1 */
#define ALV_GGUF_ENTRY_INIT \
    { sizeof(alv_gguf_entry), 0, ALV_STRING_INIT, ALV_STRING_INIT, 0, }

/* Writes ALV_GGUF_ENTRY_INIT into the first `struct_size` bytes of `out_entry`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_gguf_entry_init(alv_gguf_entry* out_entry, uint32_t struct_size);

/* One tensor. Borrowed until the file is released. Since 0.1 */
typedef struct alv_gguf_tensor {
    uint32_t struct_size; /* sizeof(alv_gguf_tensor) */
    uint32_t n_dims;      /* 1 to 4 */
    alv_string name;      /* such as "blk.0.attn_q.weight" */
    alv_string type;      /* "F32", "Q4_K", ... */
    uint64_t dims[4];     /* dims[0] varies fastest; 1 past n_dims */
    uint64_t offset;      /* bytes from the start of the file */
    uint64_t size_bytes;  /* in the file */
} alv_gguf_tensor;

/* Ready to be filled in. Since 0.1 */
#define ALV_GGUF_TENSOR_INIT \
    { sizeof(alv_gguf_tensor), 0, ALV_STRING_INIT, ALV_STRING_INIT, {0, 0, 0, 0}, 0, 0, }

/* Writes ALV_GGUF_TENSOR_INIT into the first `struct_size` bytes of `out_tensor`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_gguf_tensor_init(alv_gguf_tensor* out_tensor, uint32_t struct_size);

/* Opens a file and checks its header. Of `options` only path, data, data_size and file are read.
 * Errors: not found, I/O error, corrupt file (names the field), unsupported, invalid argument.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_gguf_open(const alv_model_options* options, alv_gguf** out_gguf,
                                 alv_error** out_error);

/* Gives the file back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_gguf_release(alv_gguf* gguf);

/* The version of the format, 2 or 3. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_gguf_version(const alv_gguf* gguf);

/* How many metadata entries there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_gguf_entry_count(const alv_gguf* gguf);

/* Fills `out_entry` in. Errors: not found past the end. Thread-safe. Since 0.1 */
ALV_API alv_status alv_gguf_get_entry(const alv_gguf* gguf, uint64_t index,
                                      alv_gguf_entry* out_entry, alv_error** out_error);

/* The value of an entry as JSON; of an array at most the first `max_elements`. Broken UTF-8 comes
 * as U+FFFD, NaN and infinities as null. Caller releases (alv_bytes_release). Errors: not found
 * past the end, corrupt file, I/O error. Thread-safe. Since 0.1 */
ALV_API alv_status alv_gguf_entry_json(const alv_gguf* gguf, uint64_t index, uint64_t max_elements,
                                       alv_bytes** out_json, alv_error** out_error);

/* How many tensors there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_gguf_tensor_count(const alv_gguf* gguf);

/* Fills `out_tensor` in. Errors: not found past the end. Thread-safe. Since 0.1 */
ALV_API alv_status alv_gguf_get_tensor(const alv_gguf* gguf, uint64_t index,
                                       alv_gguf_tensor* out_tensor, alv_error** out_error);

ALV_EXTERN_C_END

#endif
