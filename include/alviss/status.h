/* What a call returns, and the error that says why. */
#ifndef ALVISS_STATUS_H
#define ALVISS_STATUS_H

#include "string.h"

ALV_EXTERN_C_BEGIN

/* Result of every call that can fail: ALV_STATUS_OK or one of the codes below. The numbers are
 * pinned; new ones may come between them, so treat an unknown one as ALV_STATUS_INTERNAL.
 * Since 0.1 */
typedef int32_t alv_status;

#define ALV_STATUS_OK 0
#define ALV_STATUS_INVALID_ARGUMENT 10     /* the call is wrong: fix the caller */
#define ALV_STATUS_NOT_FOUND 20            /* no such file, device, index */
#define ALV_STATUS_UNSUPPORTED 30          /* the file or the device is of a kind we can't run */
#define ALV_STATUS_OUT_OF_HOST_MEMORY 40   /* free memory, try again */
#define ALV_STATUS_OUT_OF_DEVICE_MEMORY 50 /* smaller model or context; the message has figures */
#define ALV_STATUS_DEVICE_LOST 60          /* call alv_runtime_rebuild, then go on */
#define ALV_STATUS_CANCELLED 70            /* somebody asked for it */
#define ALV_STATUS_WOULD_BLOCK 80          /* nothing there yet: try later */
#define ALV_STATUS_TIMEOUT 90              /* not within the time that was given */
#define ALV_STATUS_CORRUPT_FILE 100        /* the message names the field */
#define ALV_STATUS_CALLBACK_FAILED 110     /* a callback of the host failed or threw */
#define ALV_STATUS_LIMIT_EXCEEDED 120      /* too long, too many, too deep */
#define ALV_STATUS_INVALID_STATE 130 /* not now: re-entrant call, forked child, ended object */
#define ALV_STATUS_IO_ERROR 140      /* reading or writing failed */
#define ALV_STATUS_INTERNAL 150      /* a bug of this library: please report it */

/* The name of a code, such as "device lost"; "unknown" for any other number. Borrowed until the
 * library is unloaded. Thread-safe. Since 0.1 */
ALV_API const char* alv_status_name(alv_status status);

/* Why a call failed. Every call that can fail takes a last argument `alv_error** out_error`, which
 * may be NULL; on failure it is set (to NULL if there was no memory for it), on success it is left
 * as it was. There is no last error of a thread or a process. Immutable, thread-safe. Since 0.1 */
typedef struct alv_error alv_error;

/* The code that the call returned. `error` must not be NULL. Thread-safe. Since 0.1 */
ALV_API alv_status alv_error_code(const alv_error* error);

/* What happened and what to do about it, in English. Borrowed until the error is released.
 * Thread-safe. Since 0.1 */
ALV_API alv_string alv_error_message(const alv_error* error);

/* The function of this header that failed, such as "alv_model_open". Borrowed until the error is
 * released. Thread-safe. Since 0.1 */
ALV_API alv_string alv_error_source(const alv_error* error);

/* Gives the error back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_error_release(alv_error* error);

ALV_EXTERN_C_END

#endif
