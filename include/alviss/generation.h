/* One reply in flight: its options, its events, its end. */
#ifndef ALVISS_GENERATION_H
#define ALVISS_GENERATION_H

#include "session.h"

ALV_EXTERN_C_BEGIN

/* A reply that is being generated. Thread-safe. Caller releases. Since 0.1 */
typedef struct alv_generation alv_generation;

/* Events of a generation, in the order in which they come: CITATION for each passage that the model
 * reads; PROMPT; PREFILL any number of times; then TOKEN and TEXT, with CITATION where the text
 * names a passage; TOOL_CALL for each call, TOOL_RESULT for each answer, and then from PROMPT on
 * again; and one DONE or FAILED, the last. Ignore types that you don't know. Since 0.1 */
#define ALV_EVENT_PROMPT 1u      /* the prompt is rendered: prompt_tokens */
#define ALV_EVENT_PREFILL 2u     /* progress of reading the prompt: done, total (tokens) */
#define ALV_EVENT_TOKEN 3u       /* token, logprob, top: one event a token, the end token too */
#define ALV_EVENT_TEXT 4u        /* text: whole UTF-8 characters, never a part of a stop string */
#define ALV_EVENT_DONE 5u        /* finish_reason, usage */
#define ALV_EVENT_FAILED 6u      /* error, usage */
#define ALV_EVENT_TOOL_CALL 7u   /* id, name, text: the arguments, a JSON object */
#define ALV_EVENT_TOOL_RESULT 8u /* id, name, text: what the model reads; failed */
/* id, name: the passage's source; text: the passage; score; span_begin and span_end: where the
 * reply names it, both 0 when it only was given to the model. */
#define ALV_EVENT_CITATION 9u

/* Why a reply ended. Since 0.1 */
#define ALV_FINISH_END_TOKEN 1u    /* the model ended it */
#define ALV_FINISH_STOP_STRING 2u  /* a stop string came up; it is not in the text */
#define ALV_FINISH_MAX_TOKENS 3u   /* max_tokens were generated */
#define ALV_FINISH_CONTEXT_FULL 4u /* no room for another token in the session's context */
#define ALV_FINISH_CANCELLED 5u    /* alv_generation_cancel */
#define ALV_FINISH_TOOL_CALLS 6u   /* the model called tools */
#define ALV_FINISH_FILTERED 7u     /* a filter stopped it: filter.h */

/* The name of a finish reason, such as "end token"; "unknown" for any other number. Borrowed until
 * the library is unloaded. Thread-safe. Since 0.1 */
ALV_API const char* alv_finish_reason_name(uint32_t finish_reason);

/* A token and the logarithm of its probability before penalties and temperature. Since 0.1 */
typedef struct alv_token_logprob {
    int32_t token;
    float logprob;
} alv_token_logprob;

/* What a generation took. Since 0.1 */
typedef struct alv_usage {
    uint32_t struct_size;      /* sizeof(alv_usage) */
    uint32_t prompt_tokens;    /* tokens of the prompt */
    uint32_t reused_tokens;    /* of these, still in the kv cache: not computed again */
    uint32_t generated_tokens; /* new tokens, the end token too */
    double queue_ms;           /* from the call to the first work on it */
    double prefill_ms;         /* from the first work on it to the first token */
    double first_token_ms;     /* from the call to the first token */
    double decode_ms;          /* from the first to the last new token */
    uint32_t drafted_tokens;   /* guessed ahead by prompt lookup, and computed */
    uint32_t accepted_tokens;  /* of these, what the model drew as well */
} alv_usage;

/* Ready to be filled in. Since 0.1 */
#define ALV_USAGE_INIT \
    { sizeof(alv_usage), 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0, 0, }

/* Writes ALV_USAGE_INIT into the first `struct_size` bytes of `out_usage`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_usage_init(alv_usage* out_usage, uint32_t struct_size);

/* One event. Filled in by the library, whose size it has: a field past `struct_size` is not there.
 * Fields that the type does not name are 0. Since 0.1 */
typedef struct alv_event {
    uint32_t struct_size;         /* of the library's struct */
    uint32_t type;                /* ALV_EVENT_... */
    alv_string text;              /* TEXT, TOOL_CALL, TOOL_RESULT, CITATION */
    int32_t token;                /* TOKEN */
    float logprob;                /* TOKEN: of `token`; 0 unless n_top_logprobs was asked for */
    const alv_token_logprob* top; /* TOKEN: the likeliest tokens, best first */
    uint64_t n_top;               /* TOKEN: as many as were asked for */
    const int32_t* prompt_tokens; /* PROMPT */
    uint64_t n_prompt_tokens;     /* PROMPT */
    uint32_t done;                /* PREFILL: tokens read so far */
    uint32_t total;               /* PREFILL: tokens to read */
    uint32_t finish_reason;       /* DONE: ALV_FINISH_... */
    uint32_t reserved;            /* 0 */
    const alv_usage* usage;       /* DONE, FAILED */
    const alv_error* error;       /* FAILED; not to be released by the host */
    alv_string id;                /* TOOL_CALL, TOOL_RESULT, CITATION */
    alv_string name;              /* TOOL_CALL, TOOL_RESULT, CITATION */
    uint64_t span_begin;          /* CITATION: bytes of all text of the reply */
    uint64_t span_end;            /* CITATION: 0 if the text does not name the passage */
    float score;                  /* CITATION: as the retriever gave it */
    uint32_t failed;              /* TOOL_RESULT: 1 if the tool failed */
} alv_event;

/* Takes one event. All that it points to is borrowed until the callback returns. Any return value
 * but ALV_STATUS_OK, and an exception, ends the generation with FAILED and callback failed. Who
 * calls, and what may be called back: see runtime.h. Since 0.1 */
typedef alv_status (*alv_generation_callback)(void* user_data, alv_generation* generation,
                                              const alv_event* event);

/* alv_session_complete: special tokens that the prompt spells are parsed. Only for a prompt that
 * the host itself wrote. Since 0.1 */
#define ALV_GENERATION_PARSE_SPECIAL 0x1u
/* alv_session_complete: BOS goes first, if the model has one. Since 0.1 */
#define ALV_GENERATION_ADD_BOS 0x2u
/* End tokens do not end the reply (for benchmarks). Since 0.1 */
#define ALV_GENERATION_IGNORE_END 0x4u
/* Special tokens are written out in the text. Since 0.1 */
#define ALV_GENERATION_RENDER_SPECIAL 0x8u
/* No tokens are guessed ahead. Otherwise, where the end of the text came up before, what followed
 * it there is guessed and verified in one step, as long as that pays off; the reply is the same,
 * token for token. (Prompt lookup, Saxena 2023.) Since 0.1 */
#define ALV_GENERATION_NO_PROMPT_LOOKUP 0x10u

/* Upper limits. Since 0.1 */
#define ALV_GENERATION_MAX_TOP_LOGPROBS 64u
#define ALV_GENERATION_MAX_PENALTY_WINDOW 1024u
#define ALV_GENERATION_MAX_STOP_STRINGS 64u
#define ALV_GENERATION_MAX_STOP_BYTES 1024u /* of one stop string */

/* How a reply is drawn. `response_schema` or `grammar`, not both, leave at each token only those
 * that keep to it, and bring the reply to its end within max_tokens and the context; text that can
 * be no other is not drawn (it is, when log-probabilities are asked for); what is supported is in
 * runtime/schema/README.md, the rest is refused by name (FAILED, unsupported). Then repeat_penalty,
 * then temperature, top_k, top_p, min_p. The same prompt and
 * seed give the same tokens, whatever else the runtime is doing. Copied. Since 0.1 */
typedef struct alv_generation_options {
    uint32_t struct_size;             /* sizeof(alv_generation_options) */
    uint32_t flags;                   /* ALV_GENERATION_... */
    uint32_t max_tokens;              /* new tokens; 0: until the context is full */
    uint32_t top_k;                   /* only the k likeliest; 0: all */
    float temperature;                /* 0: the likeliest token, always */
    float top_p;                      /* the smallest set with this probability; 0 or 1: all */
    float min_p;                      /* at least this share of the likeliest's; 0: all */
    float repeat_penalty;             /* divides the score of tokens seen; 0 or 1: none */
    uint32_t penalty_window;          /* the tokens seen: the last n; 0: 64 */
    uint32_t n_top_logprobs;          /* how many in a TOKEN event's `top`; 0: none */
    uint64_t seed;                    /* 0 is a seed like any other */
    const alv_string* stop;           /* texts that end the reply */
    uint64_t n_stop;                  /* how many */
    alv_generation_callback callback; /* NULL: by alv_generation_poll and alv_generation_wait */
    void* user_data;                  /* handed to `callback` */
    alv_string response_schema;       /* JSON schema that the reply is made to match; empty: none */
    alv_string grammar;               /* GBNF grammar that it is made to match; empty: none */
} alv_generation_options;

/* The defaults. Since 0.1 */
#define ALV_GENERATION_OPTIONS_INIT                                                              \
    {                                                                                            \
        sizeof(alv_generation_options), 0, 0, 0, 0.0f, 0.0f, 0.0f, 0.0f, 0, 0, 0, NULL, 0, NULL, \
            NULL, ALV_STRING_INIT, ALV_STRING_INIT,                                              \
    }

/* Writes ALV_GENERATION_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_generation_options_init(alv_generation_options* out_options, uint32_t struct_size);

/* Starts the assistant's reply to the session's messages, by the model's chat template; `options`
 * may be NULL. What was said is appended to the session when the reply is done (cancelled too),
 * before the DONE event; not when it failed. With a callback, the first event may come before this
 * returns. Errors: invalid argument, invalid state (the session already generates, or has no
 * message), device lost (rebuild first). What the template or the device has to say comes as
 * FAILED. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_generate(alv_session* session, const alv_generation_options* options,
                                        alv_generation** out_generation, alv_error** out_error);

/* Starts the continuation of a raw prompt: the prompt is all that the model reads. The session's
 * messages are neither read nor changed; what the prompt shares with the last one of this session
 * is not computed again. Errors: as alv_session_generate; an empty prompt is an invalid argument,
 * unless BOS is added. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_complete(alv_session* session, alv_string prompt,
                                        const alv_generation_options* options,
                                        alv_generation** out_generation, alv_error** out_error);

/* The same for a prompt of tokens. Errors: as alv_session_complete; invalid argument for a token
 * that is not in the vocabulary. Thread-safe. Since 0.1 */
ALV_API alv_status alv_session_complete_tokens(alv_session* session, const int32_t* tokens,
                                               uint64_t n_tokens,
                                               const alv_generation_options* options,
                                               alv_generation** out_generation,
                                               alv_error** out_error);

/* Gives the generation back; NULL is nothing. One in flight is cancelled. No callback begins after
 * this returned: a callback that runs on another thread is waited for. Thread-safe. Since 0.1 */
ALV_API void alv_generation_release(alv_generation* generation);

/* The next event. `*out_event` is borrowed until the next poll or wait on this generation, or its
 * release. Never waits. Errors: would block (none there yet), invalid state (the last one was
 * taken, or the generation has a callback). Thread-compatible. Since 0.1 */
ALV_API alv_status alv_generation_poll(alv_generation* generation, const alv_event** out_event,
                                       alv_error** out_error);

/* The same, but waits for an event at most `timeout_us` microseconds (UINT64_MAX: as long as it
 * takes). On a host-stepped runtime it does the work meanwhile. Errors: timeout, invalid state (as
 * above, or from a callback). Thread-compatible. Since 0.1 */
ALV_API alv_status alv_generation_wait(alv_generation* generation, uint64_t timeout_us,
                                       const alv_event** out_event, alv_error** out_error);

/* Asks the generation to end: DONE with ALV_FINISH_CANCELLED follows within a slice of work, unless
 * it ended before. Thread-safe. Since 0.1 */
ALV_API alv_status alv_generation_cancel(alv_generation* generation, alv_error** out_error);

/* Fills `out_usage` in with what it took so far. Errors: invalid argument. Thread-safe. Since 0.1
 */
ALV_API alv_status alv_generation_get_usage(alv_generation* generation, alv_usage* out_usage,
                                            alv_error** out_error);

ALV_EXTERN_C_END

#endif
