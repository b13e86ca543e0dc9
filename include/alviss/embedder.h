/* Texts to vectors, by an embedding model on the device. */
#ifndef ALVISS_EMBEDDER_H
#define ALVISS_EMBEDDER_H

#include "model.h"

ALV_EXTERN_C_BEGIN

/* An embedding model (an encoder such as all-MiniLM-L6-v2; alv_convert makes its GGUF file) as the
 * maker of vectors. Immutable, thread-safe. Keeps its model alive. Caller releases. Since 0.1 */
typedef struct alv_embedder alv_embedder;

/* Makes an embedder of a model that is ready. Errors: unsupported (the model makes text, not
 * vectors), invalid state (not ready, or opened for its tokenizer only), what its load failed with.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedder_create(alv_model* model, alv_embedder** out_embedder,
                                       alv_error** out_error);

/* Gives the embedder back; NULL is nothing. What it was asked for goes on. Thread-safe. Since 0.1
 */
ALV_API void alv_embedder_release(alv_embedder* embedder);

/* Numbers of one vector. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_embedder_dim(const alv_embedder* embedder);

/* Tokens of a text that the model reads, its begin and end tokens too; what is past them is not
 * read. Thread-safe. Since 0.1 */
ALV_API uint32_t alv_embedder_max_tokens(const alv_embedder* embedder);

/* How many tokens a text has, begin and end tokens too, without that limit. Errors: invalid
 * argument (not UTF-8), invalid state (the device was lost and the model is not loaded again).
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedder_count_tokens(alv_embedder* embedder, alv_string text,
                                             uint32_t* out_count, alv_error** out_error);

/* The tokens that the model reads of a text. A text never spells a special token. Caller releases
 * (alv_tokens_release). Errors: as alv_embedder_count_tokens. Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedder_tokenize(alv_embedder* embedder, alv_string text,
                                         alv_tokens** out_tokens, alv_error** out_error);

/* Writes one vector a text, of length 1 and one after the other, into `out_vectors`, which has room
 * for `capacity` numbers: at least n_texts times alv_embedder_dim. A text's vector does not depend
 * on the others. Waits; on a host-stepped runtime it does the work meanwhile. Errors: invalid
 * argument (not UTF-8, no room), invalid state (from a callback), device lost (rebuild first), out
 * of memory. Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedder_embed(alv_embedder* embedder, const alv_string* texts,
                                      uint64_t n_texts, float* out_vectors, uint64_t capacity,
                                      alv_error** out_error);

/* Vectors that are being made. Thread-safe. Caller releases. Since 0.1 */
typedef struct alv_embedding alv_embedding;

/* Called once when the vectors are there or have failed: see alv_embedding_get. An exception is
 * swallowed. Who calls, and what may be called back: see runtime.h. Since 0.1 */
typedef void (*alv_embedding_callback)(void* user_data, alv_embedding* embedding);

/* How vectors are made. Copied. Since 0.1 */
typedef struct alv_embedding_options {
    uint32_t struct_size;            /* sizeof(alv_embedding_options) */
    uint32_t reserved;               /* 0 */
    alv_embedding_callback callback; /* NULL: by alv_embedding_wait or alv_embedding_get */
    void* user_data;                 /* handed to `callback` */
} alv_embedding_options;

/* The defaults. Since 0.1 */
#define ALV_EMBEDDING_OPTIONS_INIT \
    { sizeof(alv_embedding_options), 0, NULL, NULL, }

/* Writes ALV_EMBEDDING_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_embedding_options_init(alv_embedding_options* out_options, uint32_t struct_size);

/* Starts to make vectors and returns at once; texts are copied, `options` may be NULL. The work
 * takes turns with generations and loads of the runtime, in slices. Errors: invalid argument,
 * device lost (rebuild first). Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedder_start(alv_embedder* embedder, const alv_string* texts,
                                      uint64_t n_texts, const alv_embedding_options* options,
                                      alv_embedding** out_embedding, alv_error** out_error);

/* Waits until the vectors are there, at most `timeout_us` microseconds (UINT64_MAX: as long as it
 * takes). On a host-stepped runtime it does the work meanwhile. Errors: timeout; cancelled, device
 * lost and whatever else it failed with; invalid state from a callback, unless there is nothing to
 * wait for. Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedding_wait(alv_embedding* embedding, uint64_t timeout_us,
                                      alv_error** out_error);

/* The vectors: `*out_vectors` has `*out_n_values` numbers and is borrowed until the embedding is
 * released. Never waits. Errors: would block (not there yet); what it failed with. Thread-safe.
 * Since 0.1 */
ALV_API alv_status alv_embedding_get(alv_embedding* embedding, const float** out_vectors,
                                     uint64_t* out_n_values, alv_error** out_error);

/* Asks it to end: it fails with cancelled within a slice of work, unless it was over before.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_embedding_cancel(alv_embedding* embedding, alv_error** out_error);

/* Gives the embedding back; NULL is nothing. One in flight is cancelled. No callback begins after
 * this returned: one that runs on another thread is waited for. Thread-safe. Since 0.1 */
ALV_API void alv_embedding_release(alv_embedding* embedding);

ALV_EXTERN_C_END

#endif
