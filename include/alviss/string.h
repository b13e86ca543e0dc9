/* Text as pointer and size. */
#ifndef ALVISS_STRING_H
#define ALVISS_STRING_H

#include "export.h"

ALV_EXTERN_C_BEGIN

/* UTF-8 text. Not owned.
 * As an argument: `size` bytes at `data`, or up to the NUL when size is ALV_STRING_NUL. {NULL, 0}
 * is the empty string; any other NULL is an invalid argument, and so is text that is not UTF-8. As
 * a result: never ALV_STRING_NUL; the owner is named where it is returned. A NUL byte follows the
 * text, not counted in `size`, wherever the library made the string.
 * Since 0.1 */
typedef struct alv_string {
    const char* data;
    size_t size; /* bytes */
} alv_string;

/* The size that says: the text ends at its NUL byte. Since 0.1 */
#define ALV_STRING_NUL SIZE_MAX

/* The empty string. Since 0.1 */
#define ALV_STRING_INIT \
    { NULL, 0 }

/* An alv_string over a NUL-terminated string; NULL gives the empty string. Borrowed until `text`
 * goes. Not exported: it is compiled into the caller. Thread-safe. Since 0.1 */
static inline alv_string alv_str(const char* text) {
    alv_string out = ALV_STRING_INIT;
    out.data = text;
    out.size = text ? ALV_STRING_NUL : 0;
    return out;
}

ALV_EXTERN_C_END

#endif
