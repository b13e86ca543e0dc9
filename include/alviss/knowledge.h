/* The built-in knowledge base: documents in, passages out. */
#ifndef ALVISS_KNOWLEDGE_H
#define ALVISS_KNOWLEDGE_H

#include "embedder.h"
#include "retriever.h"

ALV_EXTERN_C_BEGIN

/* A knowledge base: documents, cut into chunks, with a vector for each where there is an embedder,
 * in one SQLite file or in memory. What was added is in the file when the call returns or progress
 * says so, and survives whatever ends the process. Searches go on while another thread adds;
 * several processes may have one file open. While it is open there are two more files beside it
 * (-wal, -shm). Thread-safe. Keeps its embedder alive. Caller releases. Since 0.1 */
typedef struct alv_knowledge alv_knowledge;

/* The file has to be there: none is made. Since 0.1 */
#define ALV_KNOWLEDGE_MUST_EXIST 0x1u
/* chunk_size and chunk_overlap are the embedder's tokens, not characters. Invalid argument without
 * an embedder. Since 0.1 */
#define ALV_KNOWLEDGE_SPLIT_BY_TOKENS 0x2u
/* Every search looks at every vector: no index above 20,000 chunks, and no thread that makes it.
 * Since 0.1 */
#define ALV_KNOWLEDGE_EXACT 0x4u

/* How a knowledge base is opened. Copied. Without an embedder nothing has a vector: searches go by
 * words alone, on no device and with no runtime. A file keeps what it was made with: one made with
 * a model opens with that model, or without one to be read and searched by words; one made without
 * a model opens without one. Since 0.1 */
typedef struct alv_knowledge_options {
    uint32_t struct_size;   /* sizeof(alv_knowledge_options) */
    uint32_t flags;         /* ALV_KNOWLEDGE_... */
    alv_string path;        /* of the file; empty: in memory, gone with the last release */
    alv_embedder* embedder; /* gives the vectors; NULL: words alone */
    uint32_t chunk_size;    /* longest chunk of documents added from now on; 0: 800, overlap 100 */
    uint32_t chunk_overlap; /* what a chunk repeats of the one before it; less than chunk_size */
} alv_knowledge_options;

/* The defaults: in memory, by words. Since 0.1 */
#define ALV_KNOWLEDGE_OPTIONS_INIT \
    { sizeof(alv_knowledge_options), 0, ALV_STRING_INIT, NULL, 0, 0, }

/* Writes ALV_KNOWLEDGE_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_knowledge_options_init(alv_knowledge_options* out_options, uint32_t struct_size);

/* Opens a file, makes one, or begins one in memory. `options` may be NULL. Errors: not found (with
 * MUST_EXIST), corrupt file (not a knowledge file, damaged, tampered with), unsupported (of a newer
 * version), invalid argument (made with another embedding model, which the message names, or with
 * none), I/O error. Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_open(const alv_knowledge_options* options,
                                      alv_knowledge** out_knowledge, alv_error** out_error);

/* Gives the knowledge base back; NULL is nothing. A retriever made from it keeps it open.
 * Thread-safe. Since 0.1 */
ALV_API void alv_knowledge_release(alv_knowledge* knowledge);

/* How far an add is. The string is borrowed until the callback returns. Since 0.1 */
typedef struct alv_knowledge_progress {
    uint32_t struct_size;     /* sizeof(alv_knowledge_progress) */
    uint32_t reserved;        /* 0 */
    uint64_t documents;       /* done with, and in the file: added, updated or unchanged */
    uint64_t total_documents; /* known so far */
    uint64_t unchanged;       /* of `documents`: the same as before, not embedded again */
    uint64_t removed;         /* their file or line is gone */
    uint64_t chunks;          /* added, and embedded where there is an embedder */
    uint64_t truncated;       /* of `chunks`: longer than the embedder reads; take smaller chunks */
    alv_string current;       /* id of the document it is at; in a result empty */
} alv_knowledge_progress;

/* Ready to be filled in. Since 0.1 */
#define ALV_KNOWLEDGE_PROGRESS_INIT \
    { sizeof(alv_knowledge_progress), 0, 0, 0, 0, 0, 0, 0, ALV_STRING_INIT, }

/* Writes ALV_KNOWLEDGE_PROGRESS_INIT into the first `struct_size` bytes of `out_progress`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_knowledge_progress_init(alv_knowledge_progress* out_progress,
                                         uint32_t struct_size);

/* Called by the thread that adds, between small batches. Any return value but ALV_STATUS_OK stops
 * the add with cancelled, an exception with callback failed; what was committed stays. It may call
 * anything but an add or a remove of this knowledge base. Since 0.1 */
typedef alv_status (*alv_knowledge_progress_callback)(void* user_data,
                                                      const alv_knowledge_progress* progress);

/* Markdown: each heading begins a chunk, and is in its metadata as "heading", with those above it
 * as "headings". Since 0.1 */
#define ALV_KNOWLEDGE_MARKDOWN 0x1u
/* alv_knowledge_add_path: documents whose file is gone from the folder are removed. Since 0.1 */
#define ALV_KNOWLEDGE_PRUNE 0x2u

/* What is added. Since 0.1 */
typedef struct alv_knowledge_add_options {
    uint32_t struct_size;                     /* sizeof(alv_knowledge_add_options) */
    uint32_t flags;                           /* ALV_KNOWLEDGE_MARKDOWN, ALV_KNOWLEDGE_PRUNE */
    alv_string source;                        /* of a text: where it comes from; may be empty */
    alv_string metadata;                      /* a JSON object for each chunk; may be empty */
    alv_knowledge_progress_callback progress; /* may be NULL */
    void* user_data;                          /* handed to `progress` */
} alv_knowledge_add_options;

/* The defaults. Since 0.1 */
#define ALV_KNOWLEDGE_ADD_OPTIONS_INIT \
    { sizeof(alv_knowledge_add_options), 0, ALV_STRING_INIT, ALV_STRING_INIT, NULL, NULL, }

/* Writes ALV_KNOWLEDGE_ADD_OPTIONS_INIT into the first `struct_size` bytes of `out_options`.
 * Thread-compatible. Since 0.1 */
ALV_API void alv_knowledge_add_options_init(alv_knowledge_add_options* out_options,
                                            uint32_t struct_size);

/* Adds one document, or puts it in the place of the one with this `id`; the same again is no work.
 * `options` may be NULL. Waits for the embedder. Errors: invalid argument (also: opened without the
 * embedding model that the file was made with, which the message names), limit exceeded (64 MiB of
 * text), cancelled, I/O error, invalid state from a callback of the runtime, and those of
 * alv_embedder_embed. Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_add_text(alv_knowledge* knowledge, alv_string id, alv_string text,
                                          const alv_knowledge_add_options* options,
                                          alv_error** out_error);

/* Adds a file or a folder with all that is in it (.txt .text .md .markdown .jsonl .ndjson; hidden
 * files and links are left out). Documents have their path as id and source; a line of JSONL is a
 * document of its own, {"text": ..., "id": ..., more metadata}. What has not changed is not
 * embedded again, what a file no longer has is removed. `options` and `out_result` may be NULL; the
 * latter is filled in on success. Errors: not found, invalid argument (names file and line), and as
 * alv_knowledge_add_text. Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_add_path(alv_knowledge* knowledge, alv_string path,
                                          const alv_knowledge_add_options* options,
                                          alv_knowledge_progress* out_result,
                                          alv_error** out_error);

/* Removes a document. Errors: not found, I/O error. Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_remove(alv_knowledge* knowledge, alv_string id,
                                        alv_error** out_error);

/* How many documents and chunks there are; either may be NULL. Errors: I/O error, corrupt file.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_count(alv_knowledge* knowledge, uint64_t* out_documents,
                                       uint64_t* out_chunks, alv_error** out_error);

/* What a search goes by. Since 0.1 */
#define ALV_KNOWLEDGE_HYBRID 0u /* vectors and words, fused by rank; without embedder: words */
#define ALV_KNOWLEDGE_VECTOR 1u /* nearness in meaning alone; refused without an embedder */
#define ALV_KNOWLEDGE_WORDS 2u  /* the words of the query (BM25) alone */

/* The passages that answer a query, best first. Their id is the document's with "#" and the number
 * of the chunk; their score is the cosine to the query, which is not the order of a hybrid search,
 * or BM25 where it goes by words alone. The filter is a JSON object over the metadata:
 *   {"lang": "en", "year": {"$gte": 2020}, "tag": {"$in": ["a", "b"]}}
 * with $eq $ne $gt $gte $lt $lte $in $nin $exists for a field, $and $or $not for objects, and the
 * fields $id and $source for the document's. Waits for the embedder, except with WORDS. Errors:
 * invalid argument (names what the filter has wrong; VECTOR without an embedder), limit exceeded,
 * corrupt file, invalid state from a callback of the runtime, and those of alv_embedder_embed.
 * Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_search(alv_knowledge* knowledge, const alv_query* query,
                                        uint32_t mode, alv_passages** out_passages,
                                        alv_error** out_error);

/* The knowledge base as a retriever, for a session or alv_retriever_query: a hybrid search (by
 * words without an embedder) that may also be asked from the runtime's own thread: it searches on a
 * thread of the knowledge base's own, which the first retriever starts. It holds the knowledge base
 * until its `release` is called; whoever takes it does that, else the host has to. Errors: invalid
 * argument, internal (the system gives no thread). Thread-safe. Since 0.1 */
ALV_API alv_status alv_knowledge_retriever(alv_knowledge* knowledge, alv_retriever* out_retriever,
                                           alv_error** out_error);

ALV_EXTERN_C_END

#endif
