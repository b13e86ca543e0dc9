/* Functions of the host that the model may call. */
#ifndef ALVISS_TOOLS_H
#define ALVISS_TOOLS_H

#include "session.h"

ALV_EXTERN_C_BEGIN

/* A list of tools, for any number of sessions. Thread-safe. Caller releases. Since 0.1 */
typedef struct alv_tools alv_tools;

/* One call of a tool that waits for its answer. Reference-counted. Thread-safe. Since 0.1 */
typedef struct alv_tool_call alv_tool_call;

/* Answers a call by alv_tool_call_reply: before it returns, or later from any thread; for that it
 * keeps the call by alv_tool_call_retain. `call` is borrowed until the callback returns. Any return
 * value but ALV_STATUS_OK, an exception, and returning without an answer and without a retain tell
 * the model that the tool failed; the reply goes on. It runs where the callbacks of generations run
 * and may call back what they may (runtime.h), and it must not wait for anything: the runtime waits
 * for it. Since 0.1 */
typedef alv_status (*alv_tool_callback)(void* user_data, alv_tool_call* call);

/* The answer to `call` is no longer wanted: the reply was cancelled, or the timeout has passed.
 * Borrowed until the callback returns. Runs where alv_tool_callback runs; not after the release of
 * the generation. Since 0.1 */
typedef void (*alv_tool_drop_callback)(void* user_data, alv_tool_call* call);

/* The last call for this tool, when no list, session or reply holds it any more: what `user_data`
 * points to may go. Called once, from any thread, and only if alv_tools_add took the tool. It must
 * not call the library. Since 0.1 */
typedef void (*alv_tool_release_callback)(void* user_data);

/* The tool may be called again while a call of it, or of another such tool, is on its way.
 * Since 0.1 */
#define ALV_TOOL_PARALLEL 0x1u

/* What alv_tools_add takes. All is copied, except what `user_data` points to, which must live until
 * `release` is called. Since 0.1 */
typedef struct alv_tool {
    uint32_t struct_size;              /* sizeof(alv_tool) */
    uint32_t flags;                    /* ALV_TOOL_... */
    alv_string name;                   /* 1 to 64 letters, digits, _ and - */
    alv_string description;            /* what it does and when to call it, for the model */
    alv_string parameters;             /* JSON schema of an object; empty: it takes none */
    uint32_t timeout_ms;               /* from the call to the answer; 0: 30,000 */
    uint32_t max_result_bytes;         /* of an answer; 0: 65,536 */
    alv_tool_callback callback;        /* NULL only with ALV_TOOLS_BY_HOST */
    alv_tool_drop_callback drop;       /* may be NULL */
    void* user_data;                   /* handed to the callbacks */
    alv_tool_release_callback release; /* may be NULL */
    /* JSON array of at most 16 {"input": "what a user says", "arguments": {...}}, or "answer":
     * "words" in place of the arguments where no call is wanted: turns that the model is shown
     * before the conversation. Small models choose far better after three calls a tool, and one
     * answer in all keeps them from calling at every turn. Empty: none */
    alv_string examples;
} alv_tool;

/* The defaults. Since 0.1 */
#define ALV_TOOL_INIT                                                                             \
    {                                                                                             \
        sizeof(alv_tool), 0, ALV_STRING_INIT, ALV_STRING_INIT, ALV_STRING_INIT, 0, 0, NULL, NULL, \
            NULL, NULL, ALV_STRING_INIT,                                                          \
    }

/* Writes ALV_TOOL_INIT into the first `struct_size` bytes of `out_tool`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_tool_init(alv_tool* out_tool, uint32_t struct_size);

/* Makes an empty list. Thread-safe. Since 0.1 */
ALV_API alv_status alv_tools_create(alv_tools** out_tools, alv_error** out_error);

/* Gives the list back; NULL is nothing. Sessions that use it keep it. Thread-safe. Since 0.1 */
ALV_API void alv_tools_release(alv_tools* tools);

/* Adds a tool. Replies that began before do not see it. Errors: invalid argument (the name, or
 * `parameters` is no JSON schema of an object, or `examples` no array of examples whose arguments
 * match it: the message says which one and where), unsupported (the schema has a keyword that is
 * not: the message names it), invalid state (the name is taken). Thread-safe. Since 0.1 */
ALV_API alv_status alv_tools_add(alv_tools* tools, const alv_tool* tool, alv_error** out_error);

/* Takes a tool away. Errors: not found. Thread-safe. Since 0.1 */
ALV_API alv_status alv_tools_remove(alv_tools* tools, alv_string name, alv_error** out_error);

/* How many tools there are. Thread-safe. Since 0.1 */
ALV_API uint64_t alv_tools_count(alv_tools* tools);

/* Another owner: one more release is due. Returns `call`. Thread-safe. Since 0.1 */
ALV_API alv_tool_call* alv_tool_call_retain(alv_tool_call* call);

/* Gives the call back; NULL is nothing. A call that nobody holds any more and that was not answered
 * has failed. Thread-safe. Since 0.1 */
ALV_API void alv_tool_call_release(alv_tool_call* call);

/* The call's number, unique in the conversation; the tool's name; the arguments, a JSON object that
 * matches the tool's schema. Borrowed until the call is released. Thread-safe. Since 0.1 */
ALV_API alv_string alv_tool_call_id(const alv_tool_call* call);
ALV_API alv_string alv_tool_call_name(const alv_tool_call* call);
ALV_API alv_string alv_tool_call_arguments(const alv_tool_call* call);

/* 1 while an answer is waited for, else 0. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_tool_call_is_open(const alv_tool_call* call);

/* The result says what went wrong. Since 0.1 */
#define ALV_TOOL_RESULT_ERROR 0x1u

/* Answers a call. `result` is text for the model, best JSON or short; copied; `flags` are
 * ALV_TOOL_RESULT_... Errors: invalid state (it was answered before), timeout (too late), cancelled
 * (nobody waits any more), and, with the call still open, limit exceeded (max_result_bytes) and
 * invalid argument (not UTF-8). Thread-safe. Since 0.1 */
ALV_API alv_status alv_tool_call_reply(alv_tool_call* call, alv_string result, uint32_t flags,
                                       alv_error** out_error);

/* What a reply does with the tools. Since 0.1 */
#define ALV_TOOL_CHOICE_AUTO 0u     /* text or calls, as the model likes */
#define ALV_TOOL_CHOICE_NONE 1u     /* no calls */
#define ALV_TOOL_CHOICE_REQUIRED 2u /* at least one call, then as it likes */
#define ALV_TOOL_CHOICE_NAMED 3u    /* a call of `tool_name`, then as it likes */

/* The model may write several calls at once. Since 0.1 */
#define ALV_TOOLS_PARALLEL 0x1u
/* Calls end the reply with ALV_FINISH_TOOL_CALLS. The host runs them, appends each result by
 * alv_session_append_tool_result, and generates again. Since 0.1 */
#define ALV_TOOLS_BY_HOST 0x2u

/* How a session uses tools. Since 0.1 */
typedef struct alv_tools_options {
    uint32_t struct_size;   /* sizeof(alv_tools_options) */
    uint32_t flags;         /* ALV_TOOLS_... */
    uint32_t choice;        /* ALV_TOOL_CHOICE_... */
    uint32_t max_rounds;    /* rounds with calls; then the model has to answer; 0: 8 */
    uint32_t max_calls;     /* calls in all rounds; 0: 32 */
    uint32_t time_limit_ms; /* for all calls together, from the first one on; 0: none */
    alv_string tool_name;   /* ALV_TOOL_CHOICE_NAMED */
} alv_tools_options;

/* The defaults. Since 0.1 */
#define ALV_TOOLS_OPTIONS_INIT \
    { sizeof(alv_tools_options), 0, 0, 0, 0, 0, ALV_STRING_INIT, }

/* Writes ALV_TOOLS_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_tools_options_init(alv_tools_options* out_options, uint32_t struct_size);

/* Gives a session tools, from its next reply on; NULL takes them away. `options` may be NULL.
 * The calls, their results and the text before and after them are events of the one generation, and
 * messages of the session when it is done. Errors: invalid argument, not found (`tool_name`).
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_set_tools(alv_session* session, alv_tools* tools,
                                         const alv_tools_options* options, alv_error** out_error);

/* Appends the result of a call that the host ran itself. Errors: not found (the last messages have
 * no such call without a result), invalid argument, invalid state while a reply is being generated.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_append_tool_result(alv_session* session, alv_string call_id,
                                                  alv_string result, alv_error** out_error);

ALV_EXTERN_C_END

#endif
