/* Which library this is. */
#ifndef ALVISS_VERSION_H
#define ALVISS_VERSION_H

#include "export.h"

ALV_EXTERN_C_BEGIN

/* The version of these headers. Since 0.1 */
#define ALV_VERSION_MAJOR 0
#define ALV_VERSION_MINOR 1
#define ALV_VERSION_PATCH 0

/* Raised with every incompatible change of the ABI; before 1.0 a minor version may bring one.
 * Since 0.1 */
#define ALV_ABI_VERSION 1u

/* The version of the loaded library, such as "0.1.0". Borrowed until the library is unloaded.
 * Thread-safe. Since 0.1 */
ALV_API const char* alv_version(void);

/* The ABI of the loaded library. A host that was compiled against another ALV_ABI_VERSION must not
 * call anything else. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_abi_version(void);

ALV_EXTERN_C_END

#endif
