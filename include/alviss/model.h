/* A model: a GGUF file on a device, its tokenizer and its chat template. */
#ifndef ALVISS_MODEL_H
#define ALVISS_MODEL_H

#include "file.h"
#include "runtime.h"

ALV_EXTERN_C_BEGIN

/* A model, loading or loaded; shared by any number of sessions. Reference-counted. Immutable once
 * it is ready, thread-safe. Caller releases. Since 0.1 */
typedef struct alv_model alv_model;

/* Only the tokenizer and the chat template: no device is needed, nothing can be generated.
 * Since 0.1 */
#define ALV_MODEL_TOKENIZER_ONLY 0x1u

/* States of a model. Since 0.1 */
#define ALV_MODEL_LOADING 1u
#define ALV_MODEL_READY 2u
#define ALV_MODEL_FAILED 3u

/* What a load is doing. Since 0.1 */
#define ALV_MODEL_STAGE_TOKENIZER 0u /* reads the vocabulary */
#define ALV_MODEL_STAGE_PIPELINES 1u /* compiles the shaders that this model needs */
#define ALV_MODEL_STAGE_WEIGHTS 2u   /* repacks and uploads; done and total are bytes */
#define ALV_MODEL_STAGE_WARM_UP 3u   /* first run of everything */

/* How far a load is. Since 0.1 */
typedef struct alv_model_progress {
    uint32_t struct_size; /* sizeof(alv_model_progress) */
    uint32_t state;       /* ALV_MODEL_LOADING, _READY or _FAILED */
    uint32_t stage;       /* ALV_MODEL_STAGE_... */
    float fraction;       /* of the whole load, 0 to 1, never falling: for a progress bar */
    uint64_t done;        /* of this stage */
    uint64_t total;       /* of this stage; 0 when not known yet */
} alv_model_progress;

/* Ready to be filled in. Since 0.1 */
#define ALV_MODEL_PROGRESS_INIT \
    { sizeof(alv_model_progress), 0, 0, 0.0f, 0, 0, }

/* Writes ALV_MODEL_PROGRESS_INIT into the first `struct_size` bytes of `out_progress`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_model_progress_init(alv_model_progress* out_progress, uint32_t struct_size);

/* Tells how far a load is; the last call has state ready or failed. `model` and `progress` are
 * borrowed until the callback returns. Who calls, and what may be called back: see runtime.h. An
 * exception fails the load with callback failed, if it is not over. No call begins after
 * alv_model_release returned. Since 0.1 */
typedef void (*alv_model_progress_callback)(void* user_data, alv_model* model,
                                            const alv_model_progress* progress);

/* What to open: exactly one of `path`, `data` and `file`; and how. Since 0.1 */
typedef struct alv_model_options {
    uint32_t struct_size;                 /* sizeof(alv_model_options) */
    uint32_t flags;                       /* ALV_MODEL_... */
    alv_string path;                      /* of a GGUF file */
    const void* data;                     /* a GGUF file in memory; must outlive the model */
    uint64_t data_size;                   /* bytes at `data` */
    const alv_file* file;                 /* a GGUF file that the host reads */
    uint32_t kv_tokens;                   /* kv cache of all sessions together, in tokens; 0: the
                                             context the model was trained on, at most 4096 */
    uint32_t reserved;                    /* 0 */
    alv_model_progress_callback progress; /* may be NULL */
    void* progress_user_data;             /* handed to `progress` */
} alv_model_options;

/* The defaults, with nothing to open yet. Since 0.1 */
#define ALV_MODEL_OPTIONS_INIT \
    { sizeof(alv_model_options), 0, ALV_STRING_INIT, NULL, 0, NULL, 0, 0, NULL, NULL, }

/* Writes ALV_MODEL_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_model_options_init(alv_model_options* out_options, uint32_t struct_size);

/* Opens a model. Returns when the file's header is read and checked; the rest loads in the
 * background (or in alv_runtime_step) while the model is in state loading.
 * Errors here: not found, I/O error, corrupt file (names the field), invalid argument, invalid
 * state (no device). Later, by alv_model_wait: unsupported (names the architecture, tokenizer or
 * tensor type), corrupt file, out of device memory (with figures), device lost, cancelled.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_open(alv_runtime* runtime, const alv_model_options* options,
                                  alv_model** out_model, alv_error** out_error);

/* Another owner: one more release is due. Returns `model`. Thread-safe. Since 0.1 */
ALV_API alv_model* alv_model_retain(alv_model* model);

/* Gives the model back; NULL is nothing. The last release cancels a load. Waits for a progress
 * callback that is running on another thread. Thread-safe. Since 0.1 */
ALV_API void alv_model_release(alv_model* model);

/* Fills `out_progress` in. Never waits. Errors: invalid argument. Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_get_progress(alv_model* model, alv_model_progress* out_progress,
                                          alv_error** out_error);

/* Waits until the model is ready, at most `timeout_us` microseconds (UINT64_MAX: as long as it
 * takes). On a host-stepped runtime it does the work meanwhile.
 * Errors: timeout; what the load failed with; invalid state from a callback. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_model_wait(alv_model* model, uint64_t timeout_us, alv_error** out_error);

/* Asks a load to stop: it fails with cancelled, soon. Nothing happens if it is over. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_model_cancel(alv_model* model, alv_error** out_error);

/* What the file says of the model. The strings are borrowed until the model is released.
 * Since 0.1 */
typedef struct alv_model_info {
    uint32_t struct_size;       /* sizeof(alv_model_info) */
    uint32_t has_chat_template; /* 1: the file brings one; 0: see alv_model_apply_template */
    alv_string architecture;    /* such as "llama" */
    alv_string name;            /* as the file says it; may be empty */
    uint64_t parameters;        /* elements of all tensors */
    uint64_t file_bytes;        /* size of the file */
    uint32_t n_vocab;           /* tokens */
    uint32_t n_layers;          /* decoder blocks; 0 if the model was opened for its tokenizer */
    uint32_t dim;               /* width of the embedding; 0 likewise */
    uint32_t n_heads;           /* attention heads; 0 likewise */
    uint32_t n_kv_heads;        /* key and value heads; 0 likewise */
    uint32_t train_context;     /* tokens it was trained on; 0 likewise */
    uint32_t kv_tokens;         /* tokens that all sessions together can hold; 0 likewise */
    int32_t bos_token;          /* -1: none */
    int32_t eos_token;          /* -1: none */
    uint32_t add_bos;           /* 1: the file asks for BOS before a raw prompt */
    double load_ms;             /* from alv_model_open to ready */
} alv_model_info;

/* Ready to be filled in. Since 0.1 */
#define ALV_MODEL_INFO_INIT                                                                        \
    {                                                                                              \
        sizeof(alv_model_info), 0, ALV_STRING_INIT, ALV_STRING_INIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
            0, 0, 0.0,                                                                             \
    }

/* Writes ALV_MODEL_INFO_INIT into the first `struct_size` bytes of `out_info`. Thread-compatible.
 * Since 0.1 */
ALV_API void alv_model_info_init(alv_model_info* out_info, uint32_t struct_size);

/* Fills `out_info` in. Errors: invalid state unless the model is ready. Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_get_info(alv_model* model, alv_model_info* out_info,
                                      alv_error** out_error);

/* "<|im_end|>" and its like become the special token that they name. Only for text that the host
 * itself wrote: never for what a user typed or a file said. Since 0.1 */
#define ALV_TOKENIZE_PARSE_SPECIAL 0x1u
/* The model's BOS token goes first, if it has one. Since 0.1 */
#define ALV_TOKENIZE_ADD_BOS 0x2u

/* The tokens of a text. `flags` are ALV_TOKENIZE_... Caller releases (alv_tokens_release).
 * Errors: invalid argument (not UTF-8), invalid state unless the model is ready. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_model_tokenize(alv_model* model, alv_string text, uint32_t flags,
                                      alv_tokens** out_tokens, alv_error** out_error);

/* Special tokens are written out instead of left out. Since 0.1 */
#define ALV_DETOKENIZE_RENDER_SPECIAL 0x1u

/* The text of tokens, broken UTF-8 replaced by U+FFFD. `flags` are ALV_DETOKENIZE_... Caller
 * releases (alv_bytes_release). Errors: invalid argument (a token that is not in the vocabulary),
 * invalid state unless the model is ready. Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_detokenize(alv_model* model, const int32_t* tokens, uint64_t n_tokens,
                                        uint32_t flags, alv_bytes** out_text,
                                        alv_error** out_error);

/* The very bytes that one token stands for: they may be a part of a UTF-8 character. Caller
 * releases (alv_bytes_release). Errors: as alv_model_detokenize. Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_token_bytes(alv_model* model, int32_t token, uint32_t flags,
                                         alv_bytes** out_bytes, alv_error** out_error);

/* One message of a conversation. `role` is "system", "user", "assistant", or what else the model's
 * template knows. Since 0.1 */
typedef struct alv_message {
    alv_string role;
    alv_string content;
} alv_message;

/* The prompt ends where the assistant begins to speak. Since 0.1 */
#define ALV_TEMPLATE_ADD_GENERATION_PROMPT 0x1u

/* Renders messages by the model's own chat template (a model that brings none gets ChatML if its
 * vocabulary has <|im_start|>, else "role: content" lines). Only the template's own text becomes
 * special tokens: a message can't forge a role. Either of `out_text` and `out_tokens` may be NULL;
 * caller releases (alv_bytes_release, alv_tokens_release).
 * Errors: unsupported (names what the template does that we can't), limit exceeded, invalid
 * argument (the template refuses the messages: its own words), invalid state unless the model is
 * ready. Thread-safe. Since 0.1 */
ALV_API alv_status alv_model_apply_template(alv_model* model, const alv_message* messages,
                                            uint64_t n_messages, uint32_t flags,
                                            alv_bytes** out_text, alv_tokens** out_tokens,
                                            alv_error** out_error);

ALV_EXTERN_C_END

#endif
