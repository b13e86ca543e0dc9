#include "demo_knowledge.h"

#include <stdio.h>
#include <string.h>

/* 1. Texts to vectors: optional. */
static alv_status open_embedder(alv_runtime* runtime, const char* path, alv_embedder** out_embedder,
                                alv_error** out_error) {
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_model* model = NULL;
    alv_status status;
    what.path = alv_str(path);
    status = alv_model_open(runtime, &what, &model, out_error);
    if (!status) status = alv_model_wait(model, UINT64_MAX, out_error);
    if (!status) status = alv_embedder_create(model, out_embedder, out_error);
    alv_model_release(model); /* the embedder keeps it */
    return status;
}

/* 2. The knowledge base, filled, and its retriever for the session. */
alv_status demo_knowledge_add(alv_session* session, alv_runtime* runtime, const char* path,
                              const char* embedding_model, const alv_retriever_options* how,
                              alv_error** out_error) {
    alv_knowledge_options options = ALV_KNOWLEDGE_OPTIONS_INIT; /* no path: in memory */
    alv_retriever retriever = ALV_RETRIEVER_INIT;
    alv_embedder* embedder = NULL;
    alv_knowledge* knowledge = NULL;
    alv_status status = ALV_STATUS_OK;
    if (embedding_model) status = open_embedder(runtime, embedding_model, &embedder, out_error);
    options.embedder = embedder;
    options.chunk_size = 160; /* about a paragraph: a small model reads little */
    if (!status) status = alv_knowledge_open(&options, &knowledge, out_error);
    if (!status) status = alv_knowledge_add_path(knowledge, alv_str(path), NULL, NULL, out_error);
    if (!status) status = alv_knowledge_retriever(knowledge, &retriever, out_error);
    if (!status) {
        status = alv_session_add_retriever(session, &retriever, how, out_error);
        /* Else the session has it, and releases it. */
        if (status == ALV_STATUS_INVALID_ARGUMENT) retriever.release(retriever.user_data);
    }
    alv_knowledge_release(knowledge); /* the retriever keeps what it needs */
    alv_embedder_release(embedder);
    return status;
}

void demo_passage_name(const alv_event* citation, char* out, size_t size) {
    const alv_string source = citation->name;
    const char* id = citation->id.data;
    size_t id_size = citation->id.size;
    size_t file = source.size; /* where its name begins */
    while (file > 0 && source.data[file - 1] != '/') --file;
    if (id_size > source.size && memcmp(id, source.data, source.size) == 0) {
        id += source.size;
        id_size -= source.size;
    }
    snprintf(out, size, "%.*s %.*s", (int)(source.size - file), source.data + file, (int)id_size,
             id);
}
