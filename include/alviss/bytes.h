/* Results that the caller owns: bytes (often UTF-8 text) and lists of token ids. */
#ifndef ALVISS_BYTES_H
#define ALVISS_BYTES_H

#include "string.h"

ALV_EXTERN_C_BEGIN

/* Bytes made by the library. Immutable, thread-safe. Caller releases. Since 0.1 */
typedef struct alv_bytes alv_bytes;

/* The first byte; a NUL byte follows the last one. Never NULL. Borrowed until the bytes are
 * released. Thread-safe. Since 0.1 */
ALV_API const void* alv_bytes_data(const alv_bytes* bytes);

/* How many bytes there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_bytes_size(const alv_bytes* bytes);

/* The same as text. Borrowed until the bytes are released. Thread-safe. Since 0.1 */
ALV_API alv_string alv_bytes_text(const alv_bytes* bytes);

/* Gives the bytes back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_bytes_release(alv_bytes* bytes);

/* Token ids made by the library. Immutable, thread-safe. Caller releases. Since 0.1 */
typedef struct alv_tokens alv_tokens;

/* The first id; NULL when there are none. Borrowed until the tokens are released. Thread-safe.
 * Since 0.1 */
ALV_API const int32_t* alv_tokens_data(const alv_tokens* tokens);

/* How many ids there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_tokens_count(const alv_tokens* tokens);

/* Gives the tokens back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_tokens_release(alv_tokens* tokens);

ALV_EXTERN_C_END

#endif
