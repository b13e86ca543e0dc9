/* A file of knowledge for a session, which several samples use. */
#ifndef DEMO_KNOWLEDGE_H
#define DEMO_KNOWLEDGE_H

#include <alviss/alviss.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a text, Markdown or JSONL file, or a folder of these, into a knowledge base in memory and
 * gives it to the session. Passages are found by their words; with an embedding model (a GGUF
 * file; NULL: none) by their meaning, too. */
alv_status demo_knowledge_add(alv_session* session, alv_runtime* runtime, const char* path,
                              const char* embedding_model, const alv_retriever_options* how,
                              alv_error** out_error);

/* What a passage is called for people: the name of its file without the folder, and its id there.
 * "lore.txt #3" for a passage of /data/lore.txt. Cut off where it does not fit. */
void demo_passage_name(const alv_event* citation, char* out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
