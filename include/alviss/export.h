/* How the functions of this library are declared.
 *
 * Shared library: nothing to define. Static library: define ALV_STATIC (find_package(alviss) does
 * it for alviss::alviss_static).
 *
 * Words used in every header:
 *   "Thread-safe."            any thread, at any time, also at the same time on one object.
 *   "Thread-compatible."      any thread, but not two at the same time on one object.
 *   "Immutable, thread-safe." the object never changes once it is there.
 *   "Caller releases."        the caller owns what it got and gives it back by the named function.
 *   "Borrowed until ..."      the library owns it; it is valid until then.
 *   "Since 0.1"               the first version that has it.
 *
 * Structs that begin with `struct_size` are versioned: the caller sets it to sizeof (ALV_..._INIT
 * does), fields are only appended, and a field that the caller's struct is too short for has its
 * default. A longer struct than the library knows is refused as an invalid argument if a byte past
 * the known ones is not zero. The size is a multiple of 8. Structs without `struct_size` never
 * change. In all of them 0 means off or default unless the field says otherwise.
 */
#ifndef ALVISS_EXPORT_H
#define ALVISS_EXPORT_H

#include <stddef.h>
#include <stdint.h>

/* ALV_BUILDING is defined while the library itself is compiled. */
#if defined(_WIN32)
#if defined(ALV_STATIC) || defined(ALV_BUILDING)
#define ALV_API
#else
#define ALV_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define ALV_API __attribute__((visibility("default")))
#else
#define ALV_API
#endif

/* The headers can be included from C++. */
#ifdef __cplusplus
#define ALV_EXTERN_C_BEGIN extern "C" {
#define ALV_EXTERN_C_END }
#else
#define ALV_EXTERN_C_BEGIN
#define ALV_EXTERN_C_END
#endif

#endif
