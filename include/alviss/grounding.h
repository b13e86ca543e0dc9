/* Knowledge for the replies of a session: what retrievers find goes into the prompt. */
#ifndef ALVISS_GROUNDING_H
#define ALVISS_GROUNDING_H

#include "retriever.h"
#include "session.h"

ALV_EXTERN_C_BEGIN

/* How a session asks one retriever. Since 0.1 */
typedef struct alv_retriever_options {
    uint32_t struct_size; /* sizeof(alv_retriever_options) */
    uint32_t k;           /* passages to ask for; 0: 4 */
    alv_string name;      /* named as the source of passages that have none; empty: "knowledge" */
    alv_string filter;    /* alv_query.filter of each query */
} alv_retriever_options;

/* The defaults. Since 0.1 */
#define ALV_RETRIEVER_OPTIONS_INIT \
    { sizeof(alv_retriever_options), 0, ALV_STRING_INIT, ALV_STRING_INIT, }

/* Writes ALV_RETRIEVER_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_retriever_options_init(alv_retriever_options* out_options, uint32_t struct_size);

/* Adds a retriever to a session, from its next reply by alv_session_generate on. It is asked with
 * the last message of the user before the reply begins. What several find is merged by rank (a
 * passage that two of them find comes first, and once). `options` may be NULL. The retriever was
 * taken unless the call returned invalid argument. Errors: invalid argument. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_session_add_retriever(alv_session* session, const alv_retriever* retriever,
                                             const alv_retriever_options* options,
                                             alv_error** out_error);

/* Takes all retrievers away. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_clear_retrievers(alv_session* session, alv_error** out_error);

/* How a session uses what is found. Since 0.1 */
typedef struct alv_grounding_options {
    uint32_t struct_size;       /* sizeof(alv_grounding_options) */
    uint32_t token_budget;      /* of all passages in a prompt; 0: 1,024 */
    uint32_t timeout_ms;        /* retrievers that have not answered are left out; 0: 10,000 */
    uint32_t reserved;          /* 0 */
    alv_string prompt_template; /* what the model reads in place of the user's message: {context}
                                   and {question}; empty: alv_prompt_builtin("knowledge") */
} alv_grounding_options;

/* The defaults. Since 0.1 */
#define ALV_GROUNDING_OPTIONS_INIT \
    { sizeof(alv_grounding_options), 0, 0, 0, ALV_STRING_INIT, }

/* Writes ALV_GROUNDING_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_grounding_options_init(alv_grounding_options* out_options, uint32_t struct_size);

/* Sets it, from the next reply on. The passages are numbered [1], [2] and so on with their source;
 * they are data for the model and cannot spell special tokens. They are not kept in the session. If
 * no retriever answers the reply fails as they did; if they find nothing the message is read as it
 * is. Errors: invalid argument. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_set_grounding(alv_session* session,
                                             const alv_grounding_options* options,
                                             alv_error** out_error);

ALV_EXTERN_C_END

#endif
