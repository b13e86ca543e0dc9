/* Log lines go to the host's sink and nowhere else. */
#ifndef ALVISS_LOG_H
#define ALVISS_LOG_H

#include "string.h"

ALV_EXTERN_C_BEGIN

/* How much a line matters. A runtime passes on the lines up to its `log_level`. Since 0.1 */
#define ALV_LOG_ERROR 1u
#define ALV_LOG_WARNING 2u
#define ALV_LOG_INFO 3u
#define ALV_LOG_DEBUG 4u

/* A line for the host's log, without a line end. `line` is borrowed until the callback returns.
 * Called from any thread that works for the runtime, the host's own included, and from two at the
 * same time. It must not call the library with the runtime it logs for (other calls are fine), and
 * an exception that it throws is dropped. Since 0.1 */
typedef void (*alv_log_callback)(void* user_data, uint32_t level, alv_string line);

ALV_EXTERN_C_END

#endif
