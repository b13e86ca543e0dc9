/* One conversation. */
#ifndef ALVISS_SESSION_H
#define ALVISS_SESSION_H

#include "model.h"

ALV_EXTERN_C_BEGIN

/* A conversation with one model. Its messages are the truth; what lies on the device is a cache of
 * them. Thread-safe. Caller releases. Since 0.1 */
typedef struct alv_session alv_session;

/* Also reuse the cache of what was generated, not only of what was read: the next turn starts
 * sooner, but its tokens may differ in the last bit from those of a new session. Since 0.1 */
#define ALV_SESSION_FAST_REUSE 0x1u

/* How a session is made. Since 0.1 */
typedef struct alv_session_options {
    uint32_t struct_size;    /* sizeof(alv_session_options) */
    uint32_t flags;          /* ALV_SESSION_... */
    uint32_t context_tokens; /* longest prompt and reply together; 0: all the model has room for */
    uint32_t reserved;       /* 0 */
} alv_session_options;

/* The defaults. Since 0.1 */
#define ALV_SESSION_OPTIONS_INIT \
    { sizeof(alv_session_options), 0, 0, 0, }

/* Writes ALV_SESSION_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_session_options_init(alv_session_options* out_options, uint32_t struct_size);

/* Makes an empty session; `options` may be NULL. Takes no device memory until something is
 * generated. Errors: limit exceeded (context_tokens is more than the model has room for), invalid
 * state (the model is not ready, or was opened for its tokenizer only). Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_create(alv_model* model, const alv_session_options* options,
                                      alv_session** out_session, alv_error** out_error);

/* Gives the session back; NULL is nothing. A generation in flight goes on. Thread-safe. Since 0.1
 */
ALV_API void alv_session_release(alv_session* session);

/* Appends a message; a reply that was generated is appended by itself. `role` must not be empty.
 * Errors: invalid argument (not UTF-8), invalid state while a reply is being generated.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_append(alv_session* session, alv_string role, alv_string content,
                                      alv_error** out_error);

/* How many messages there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_session_message_count(alv_session* session);

/* A copy of the message at `index`. Either of `out_role` and `out_content` may be NULL; caller
 * releases (alv_bytes_release). Errors: not found past the end. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_get_message(alv_session* session, uint64_t index,
                                           alv_bytes** out_role, alv_bytes** out_content,
                                           alv_error** out_error);

/* Forgets all but the first `n_messages` messages: to ask again, or to take back a turn.
 * Errors: invalid state while a reply is being generated. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_truncate(alv_session* session, uint64_t n_messages,
                                        alv_error** out_error);

/* Forgets everything and gives the device memory back. Errors: invalid state while a reply is being
 * generated. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_clear(alv_session* session, alv_error** out_error);

/* Sets the system message: the first message of the role "system", which goes before all others if
 * there is none yet. An empty `content` takes it away. Errors: invalid argument (not UTF-8),
 * invalid state while a reply is being generated. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_set_system(alv_session* session, alv_string content,
                                          alv_error** out_error);

/* How much of the conversation the model reads: at most `max_turns` turns (0: all) and
 * `token_budget` tokens as a prompt (0: any number). A turn is a message of the
 * user and all that follows up to the next one. The oldest turns leave first, whole; system
 * messages, pinned turns and the last turn stay. The session keeps all messages. Errors: invalid
 * state while a reply is being generated. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_set_limits(alv_session* session, uint32_t max_turns,
                                          uint32_t token_budget, alv_error** out_error);

/* Pins (1) or unpins (0) the message at `index`: its turn stays when others leave. Errors: not
 * found. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_pin(alv_session* session, uint64_t index, uint32_t pinned,
                                   alv_error** out_error);

/* The conversation as JSON: messages, calls of tools, pins and limits. While a reply is being
 * generated it is what was said before. Caller releases (alv_bytes_release). Thread-safe. Since 0.1
 */
ALV_API alv_status alv_session_save(alv_session* session, alv_bytes** out_json,
                                    alv_error** out_error);

/* Puts a saved conversation in place of this one's. Errors: corrupt file, unsupported (saved by a
 * newer version), invalid argument (not UTF-8), invalid state while a reply is being generated; the
 * session is then as it was. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_restore(alv_session* session, alv_string json,
                                       alv_error** out_error);

/* Makes another session of the same model with the same messages, limits, tools, retrievers and
 * filters; from then on each goes its own way. Errors: as alv_session_create. Thread-safe. Since
 * 0.1
 */
ALV_API alv_status alv_session_fork(alv_session* session, alv_session** out_session,
                                    alv_error** out_error);

/* The longest prompt and reply together, in tokens. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_session_context_tokens(alv_session* session);

/* Tokens of this session that lie in the kv cache now. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_session_cached_tokens(alv_session* session);

ALV_EXTERN_C_END

#endif
