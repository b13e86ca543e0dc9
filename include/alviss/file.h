/* A file that the host reads for the library: an archive of a game, an asset system, a download. */
#ifndef ALVISS_FILE_H
#define ALVISS_FILE_H

#include "status.h"

ALV_EXTERN_C_BEGIN

/* Fills `dst` with the `size` bytes at `offset` (always within the file) and returns ALV_STATUS_OK;
 * any other value, or an exception, fails the read with ALV_STATUS_CALLBACK_FAILED. Called from the
 * library's threads and from those that call the library, also from two at the same time. It must
 * not call the library. Since 0.1 */
typedef alv_status (*alv_file_read_callback)(void* user_data, uint64_t offset, void* dst,
                                             uint64_t size);

/* The last call for this file: nothing reads it any more. Called once, from any thread, also when
 * the call that took the file failed; but a call that returns invalid argument has not taken it. It
 * must not call the library. Since 0.1 */
typedef void (*alv_file_close_callback)(void* user_data);

/* The host's file. The struct itself is copied by the call that takes it. Since 0.1 */
typedef struct alv_file {
    uint32_t struct_size;          /* sizeof(alv_file) */
    uint32_t reserved;             /* 0 */
    uint64_t size_bytes;           /* of the whole file */
    void* user_data;               /* handed to the callbacks */
    alv_file_read_callback read;   /* required */
    alv_file_close_callback close; /* may be NULL */
} alv_file;

/* A file without callbacks yet. Since 0.1 */
#define ALV_FILE_INIT \
    { sizeof(alv_file), 0, 0, NULL, NULL, NULL, }

/* Writes ALV_FILE_INIT of the loaded library into the first `struct_size` bytes of `out_file`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_file_init(alv_file* out_file, uint32_t struct_size);

ALV_EXTERN_C_END

#endif
