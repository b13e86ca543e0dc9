/* Where passages come from: the interface that a host fills in to plug in its own knowledge. */
#ifndef ALVISS_RETRIEVER_H
#define ALVISS_RETRIEVER_H

#include "status.h"

ALV_EXTERN_C_BEGIN

/* What is looked for. Filled in by the library, whose size it has, when it asks; by the host for
 * alv_retriever_query. Since 0.1 */
typedef struct alv_query {
    uint32_t struct_size; /* sizeof(alv_query) */
    uint32_t k;           /* at most this many passages; 0 (from the host only): 4 */
    alv_string text;      /* the question, as the user put it */
    alv_string filter; /* a JSON object in the retriever's own language; empty: no filter. That of
                          the built-in provider is in knowledge.h */
} alv_query;

/* The defaults, with nothing asked yet. Since 0.1 */
#define ALV_QUERY_INIT \
    { sizeof(alv_query), 0, ALV_STRING_INIT, ALV_STRING_INIT, }

/* Writes ALV_QUERY_INIT into the first `struct_size` bytes of `out_query`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_query_init(alv_query* out_query, uint32_t struct_size);

/* One result. Since 0.1 */
typedef struct alv_passage {
    uint32_t struct_size; /* sizeof(alv_passage) */
    uint32_t reserved;    /* 0 */
    alv_string id;        /* names it in its retriever; must not be empty */
    alv_string text;      /* what the model reads; must not be empty */
    alv_string source;    /* where it comes from, for people: a path, a title; may be empty */
    alv_string metadata;  /* a JSON object; may be empty */
    double score;         /* finite; higher is better, comparable within one retriever only */
} alv_passage;

/* An empty passage, to be filled in. Since 0.1 */
#define ALV_PASSAGE_INIT                                                           \
    {                                                                              \
        sizeof(alv_passage), 0, ALV_STRING_INIT, ALV_STRING_INIT, ALV_STRING_INIT, \
            ALV_STRING_INIT, 0.0,                                                  \
    }

/* Writes ALV_PASSAGE_INIT into the first `struct_size` bytes of `out_passage`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_passage_init(alv_passage* out_passage, uint32_t struct_size);

/* Upper limits, in bytes but for the first. Since 0.1 */
#define ALV_RETRIEVER_MAX_PASSAGES 1000u        /* of a query: k */
#define ALV_RETRIEVER_MAX_ID_BYTES 4096u        /* of a passage's id and source, each */
#define ALV_RETRIEVER_MAX_TEXT_BYTES 1048576u   /* of a passage's text */
#define ALV_RETRIEVER_MAX_METADATA_BYTES 65536u /* of a passage's metadata */
#define ALV_RETRIEVER_MAX_TOTAL_BYTES 16777216u /* of all passages of one retrieval */

/* One query in flight, as the host's retriever sees it: takes the passages and the end.
 * Thread-safe. Since 0.1 */
typedef struct alv_retrieval alv_retrieval;

/* Adds one passage, best first; all of it is copied. Errors, after which the retrieval goes on
 * without it: invalid argument (not UTF-8, no id or text, metadata that is not a JSON object, a
 * score that is not finite, an id that was added before), limit exceeded (too large, or more than k
 * passages), invalid state (it is over: finished, cancelled or timed out). Thread-safe. Since 0.1
 */
ALV_API alv_status alv_retrieval_add(alv_retrieval* retrieval, const alv_passage* passage,
                                     alv_error** out_error);

/* Ends it: with what was added when `status` is ALV_STATUS_OK, else as failed for the reason that
 * `message` gives. Errors: invalid argument (`message` is not UTF-8; the retrieval goes on),
 * invalid state (it is over). Thread-safe. Since 0.1 */
ALV_API alv_status alv_retrieval_finish(alv_retrieval* retrieval, alv_status status,
                                        alv_string message, alv_error** out_error);

/* Keeps the retrieval past the callback that it came with, to answer later; one
 * alv_retrieval_release is due. Returns `retrieval`. Thread-safe. Since 0.1 */
ALV_API alv_retrieval* alv_retrieval_retain(alv_retrieval* retrieval);

/* Gives it back; NULL is nothing. When the last owner goes and nothing was finished, the retrieval
 * fails with callback failed: nobody could finish it any more. Thread-safe. Since 0.1 */
ALV_API void alv_retrieval_release(alv_retrieval* retrieval);

/* Looks for passages: adds them and finishes, at once or later from any thread. `query` is borrowed
 * until the callback returns, and so is `retrieval` unless it is retained. A status other than
 * ALV_STATUS_OK, and an exception, ends the retrieval as failed; so does returning when it is
 * neither finished nor retained. Called from the library's threads or from those that call the
 * library, also from several at the same time. It may call alv_retrieval_... only. Since 0.1 */
typedef alv_status (*alv_retriever_retrieve_callback)(void* user_data, alv_retrieval* retrieval,
                                                      const alv_query* query);

/* Nobody waits for the retrieval any more: it is over, and work on it can stop. At most once a
 * retrieval, never after it was finished, from any thread, also while `retrieve` still runs.
 * `retrieval` is borrowed until the callback returns. It may call alv_retrieval_... only. Since 0.1
 */
typedef void (*alv_retriever_cancel_callback)(void* user_data, alv_retrieval* retrieval);

/* The last call for this retriever, when nothing of the library holds it or one of its retrievals
 * any more. Called once, from any thread; but a call that returns invalid argument has not taken
 * the retriever. It must not call the library. Since 0.1 */
typedef void (*alv_retriever_release_callback)(void* user_data);

/* A knowledge base. The struct itself is copied by the call that takes it. Since 0.1 */
typedef struct alv_retriever {
    uint32_t struct_size;                     /* sizeof(alv_retriever) */
    uint32_t reserved;                        /* 0 */
    void* user_data;                          /* handed to the callbacks */
    alv_retriever_retrieve_callback retrieve; /* required */
    alv_retriever_cancel_callback cancel;     /* may be NULL */
    alv_retriever_release_callback release;   /* may be NULL */
} alv_retriever;

/* A retriever without callbacks yet. Since 0.1 */
#define ALV_RETRIEVER_INIT \
    { sizeof(alv_retriever), 0, NULL, NULL, NULL, NULL, }

/* Writes ALV_RETRIEVER_INIT into the first `struct_size` bytes of `out_retriever`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_retriever_init(alv_retriever* out_retriever, uint32_t struct_size);

/* The passages that a query found, best first. Immutable, thread-safe. Caller releases. Since 0.1
 */
typedef struct alv_passages alv_passages;

/* How many there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_passages_count(const alv_passages* passages);

/* The passage at `index`; NULL past the end. Its struct_size is the library's: a field past it is
 * not there. Borrowed until the passages are released. Thread-safe. Since 0.1 */
ALV_API const alv_passage* alv_passages_get(const alv_passages* passages, uint64_t index);

/* Gives the passages back; NULL is nothing. Thread-safe. Since 0.1 */
ALV_API void alv_passages_release(alv_passages* passages);

/* Asks a retriever, as a session does, and waits at most `timeout_us` microseconds (UINT64_MAX: as
 * long as it takes). The retriever is only used, not taken: `release` is not called. Errors:
 * invalid argument, limit exceeded (k), timeout (after which it was cancelled), callback failed
 * (the message has what the retriever said). Thread-safe. Since 0.1 */
ALV_API alv_status alv_retriever_query(const alv_retriever* retriever, const alv_query* query,
                                       uint64_t timeout_us, alv_passages** out_passages,
                                       alv_error** out_error);

ALV_EXTERN_C_END

#endif
