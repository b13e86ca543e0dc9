/* Filters: what a user may say to the model, and what of its reply is shown. */
#ifndef ALVISS_FILTER_H
#define ALVISS_FILTER_H

#include "bytes.h"
#include "session.h"

ALV_EXTERN_C_BEGIN

/* A filter, for any number of sessions. Immutable, thread-safe. Caller releases. Since 0.1 */
typedef struct alv_filter alv_filter;

/* What a filter makes of a text. Only for the call that it was handed to. Since 0.1 */
typedef struct alv_filter_verdict alv_filter_verdict;

/* What a filter of the host's looks at. Filled in by the library, whose size it has. Since 0.1 */
typedef struct alv_filter_text {
    uint32_t struct_size; /* of the library's struct */
    uint32_t last;        /* 1: nothing follows the window */
    alv_string before;    /* the end of what was let through already */
    alv_string window;    /* what was not yet: whole UTF-8 characters */
} alv_filter_text;

/* Looks at the window and allows it, or calls one of the three functions below once. It is called
 * again with the rest of the window after alv_filter_replace, and with a longer window when more
 * text is there. All is borrowed until it returns. Any return value but ALV_STATUS_OK, and an
 * exception, fail the reply: what cannot be judged is not shown. Called by the thread that does the
 * work, with ALV_RUNTIME_DISPATCH_CALLBACKS too, and by alv_filter_apply; it may call nothing of
 * the same runtime. Since 0.1 */
typedef alv_status (*alv_filter_callback)(void* user_data, const alv_filter_text* text,
                                          alv_filter_verdict* verdict);

/* The bytes of the window from `begin` up to `end` are replaced by `text`, which no filter of this
 * callback sees again. Whole characters, at least one. Errors: invalid argument. Since 0.1 */
ALV_API alv_status alv_filter_replace(alv_filter_verdict* verdict, uint64_t begin, uint64_t end,
                                      alv_string text, alv_error** out_error);

/* The reply ends with ALV_FINISH_FILTERED, and `text` is said instead of the window and of all that
 * would follow. Errors: invalid argument. Since 0.1 */
ALV_API alv_status alv_filter_stop(alv_filter_verdict* verdict, alv_string text,
                                   alv_error** out_error);

/* The window is allowed, except that its last `n_bytes` wait for more text: the lookback of this
 * one time. Errors: invalid argument. Since 0.1 */
ALV_API alv_status alv_filter_hold(alv_filter_verdict* verdict, uint64_t n_bytes,
                                   alv_error** out_error);

/* The last call for this filter, when nothing uses it any more: what `user_data` points to may go.
 * Called once, from any thread, and only if alv_filter_create made the filter. It must not call the
 * library. Since 0.1 */
typedef void (*alv_filter_release_callback)(void* user_data);

/* A filter of the host's. Since 0.1 */
typedef struct alv_filter_options {
    uint32_t struct_size;         /* sizeof(alv_filter_options) */
    uint32_t lookback_bytes;      /* the end of the window that is not shown yet: as long as the
                                     longest phrase it looks for; 0: 64 */
    alv_filter_callback callback; /* needed */
    void* user_data;              /* handed to both; must live until `release` is called */
    alv_filter_release_callback release; /* may be NULL */
} alv_filter_options;

/* The defaults. Since 0.1 */
#define ALV_FILTER_OPTIONS_INIT \
    { sizeof(alv_filter_options), 0, NULL, NULL, NULL, }

/* Writes ALV_FILTER_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_filter_options_init(alv_filter_options* out_options, uint32_t struct_size);

/* A word stops the reply; else it is replaced. Since 0.1 */
#define ALV_FILTER_LIST_STOP 0x1u
/* Words are found inside of longer ones too. Since 0.1 */
#define ALV_FILTER_LIST_PARTS 0x2u

/* A filter by lists. Texts and words are compared as a reader sees them: in Unicode's NFKC form,
 * without case, without characters that show nothing. Patterns are PCRE2 and see the text in that
 * form (lower case); in a reply a match may have up to 4,096 bytes, of a longer one the beginning
 * may be shown. All is copied. Since 0.1 */
typedef struct alv_filter_list_options {
    uint32_t struct_size;       /* sizeof(alv_filter_list_options) */
    uint32_t flags;             /* ALV_FILTER_LIST_... */
    const alv_string* words;    /* whole words and phrases */
    uint64_t n_words;           /* how many */
    const alv_string* patterns; /* regular expressions */
    uint64_t n_patterns;        /* how many */
    alv_string replacement;     /* said instead */
} alv_filter_list_options;

/* The defaults. Since 0.1 */
#define ALV_FILTER_LIST_OPTIONS_INIT \
    { sizeof(alv_filter_list_options), 0, NULL, 0, NULL, 0, ALV_STRING_INIT, }

/* Writes ALV_FILTER_LIST_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_filter_list_options_init(alv_filter_list_options* out_options,
                                          uint32_t struct_size);

/* Makes a filter of a callback. Errors: invalid argument. Thread-safe. Since 0.1 */
ALV_API alv_status alv_filter_create(const alv_filter_options* options, alv_filter** out_filter,
                                     alv_error** out_error);

/* Makes a filter of words and patterns. Errors: invalid argument (nothing to look for, an empty
 * word, a pattern that is none, that matches the empty text, that looks back over more than 64
 * characters or has \G, \K or \C). Thread-safe. Since 0.1 */
ALV_API alv_status alv_filter_create_list(const alv_filter_list_options* options,
                                          alv_filter** out_filter, alv_error** out_error);

/* Gives the filter back; NULL is nothing. Sessions that use it keep it. Thread-safe. Since 0.1 */
ALV_API void alv_filter_release(alv_filter* filter);

/* Filters a whole text: what comes of it (alv_bytes_release), and in `out_stopped` (may be NULL) 1
 * if it was stopped. Errors: invalid argument, limit exceeded (a pattern works too long on this
 * text), callback failed. Thread-safe. Since 0.1 */
ALV_API alv_status alv_filter_apply(alv_filter* filter, alv_string text, alv_bytes** out_text,
                                    uint32_t* out_stopped, alv_error** out_error);

/* What the user said since the last reply, before it is read. Since 0.1 */
#define ALV_FILTER_INPUT 0x1u
/* The text of replies, before it is shown or kept. There are no TOKEN events then. Since 0.1 */
#define ALV_FILTER_OUTPUT 0x2u

/* Adds a filter to a session, from its next reply by alv_session_generate on. Filters are asked in
 * the order in which they were added; each sees what those before it let through. `where` is
 * ALV_FILTER_INPUT, ALV_FILTER_OUTPUT or both. A replaced input is replaced in the session, too; a
 * stopped one is answered by the filter's text. Errors: invalid argument. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_add_filter(alv_session* session, alv_filter* filter, uint32_t where,
                                          alv_error** out_error);

/* Takes all filters away. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_clear_filters(alv_session* session, alv_error** out_error);

ALV_EXTERN_C_END

#endif
