/* Retrieval, end to end: documents are split, embedded and stored, a question finds those that
 * answer it, and a model answers from them: knowledge EMBEDDING_MODEL [QUESTION] [CHAT_MODEL]
 * cc -std=c99 knowledge.c $(pkg-config --cflags --libs alviss) -o knowledge */
#include <alviss/alviss.h>
#include <stdio.h>

static const char* const documents[] = {
    "Machine learning is a field of AI where computers learn from data.",
    "Deep learning is a machine learning method using multi-layer neural networks.",
    "Transformer is a revolutionary architecture introduced in 2017.",
    "BERT is a text understanding model using bidirectional Transformers.",
    "GPT is a Decoder-only Transformer excellent at text generation.",
    "Fine-tuning is a method to adapt pre-trained models to specific tasks.",
    "LoRA is a parameter-efficient fine-tuning method.",
    "RAG is a technique combining retrieval and generation.",
};
enum { N_DOCUMENTS = sizeof documents / sizeof documents[0] };

/* Prints why a call failed, and releases the error. */
static int failed(alv_error* error) {
    alv_string why = ALV_STRING_INIT;
    if (error) why = alv_error_message(error);
    if (error) fprintf(stderr, "knowledge: %.*s\n", (int)why.size, why.data);
    alv_error_release(error);
    return 1;
}

static alv_status open_model(alv_runtime* runtime, const char* path, alv_model** out_model,
                             alv_error** out_error) {
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_status status;
    what.path = alv_str(path);
    status = alv_model_open(runtime, &what, out_model, out_error);
    return status ? status : alv_model_wait(*out_model, UINT64_MAX, out_error);
}

/* 1. Every document is cut into chunks; each chunk gets a vector. */
static alv_status add_documents(alv_knowledge* knowledge, alv_error** out_error) {
    uint64_t n_documents = 0;
    uint64_t n_chunks = 0;
    alv_status status;
    int i;
    for (i = 0; i < N_DOCUMENTS; ++i) {
        char id[16];
        snprintf(id, sizeof id, "doc%d", i + 1);
        status =
            alv_knowledge_add_text(knowledge, alv_str(id), alv_str(documents[i]), NULL, out_error);
        if (status != ALV_STATUS_OK) return status;
    }
    status = alv_knowledge_count(knowledge, &n_documents, &n_chunks, out_error);
    printf("Knowledge base: %d documents, %d chunks\n", (int)n_documents, (int)n_chunks);
    return status;
}

/* 2. What is nearest in meaning to the question comes first. */
static alv_status ask(alv_knowledge* knowledge, const char* question, alv_error** out_error) {
    alv_passages* passages = NULL;
    alv_query query = ALV_QUERY_INIT;
    alv_status status;
    uint64_t i;
    query.text = alv_str(question);
    query.k = 3;
    status = alv_knowledge_search(knowledge, &query, ALV_KNOWLEDGE_VECTOR, &passages, out_error);
    if (status != ALV_STATUS_OK) return status;
    printf("\nQuery: %s\n\nRetrieval results:\n", question);
    for (i = 0; i < alv_passages_count(passages); ++i) {
        const alv_passage* passage = alv_passages_get(passages, i);
        printf("%d. [Score: %.4f] %.*s\n", (int)i + 1, passage->score, (int)passage->text.size,
               passage->text.data);
    }
    alv_passages_release(passages);
    return status;
}

/* 3. A session that has the knowledge base reads what fits the question before it answers. */
static alv_status answer(alv_model* model, alv_knowledge* knowledge, const char* question,
                         alv_error** out_error) {
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    alv_retriever_options about = ALV_RETRIEVER_OPTIONS_INIT;
    alv_retriever retriever = ALV_RETRIEVER_INIT;
    alv_session* session = NULL;
    alv_generation* reply = NULL;
    const alv_event* event = NULL;
    alv_status status = alv_session_create(model, NULL, &session, out_error);
    about.k = 3;
    how.max_tokens = 64;
    if (!status) status = alv_knowledge_retriever(knowledge, &retriever, out_error);
    if (!status) status = alv_session_add_retriever(session, &retriever, &about, out_error);
    if (!status) {
        status = alv_session_append(session, alv_str("user"), alv_str(question), out_error);
    }
    if (!status) status = alv_session_generate(session, &how, &reply, out_error);
    if (!status) printf("\nAnswer: ");
    while (!status && !(status = alv_generation_wait(reply, UINT64_MAX, &event, out_error))) {
        if (event->type == ALV_EVENT_DONE) break;
        if (event->type == ALV_EVENT_TEXT) {
            printf("%.*s", (int)event->text.size, event->text.data);
        } else if (event->type == ALV_EVENT_FAILED) {
            fprintf(stderr, "knowledge: %s\n", alv_error_message(event->error).data);
            status = alv_error_code(event->error);
        }
    }
    puts("");
    alv_generation_release(reply);
    alv_session_release(session);
    return status;
}

int main(int argc, char** argv) {
    const char* question = argc > 2 ? argv[2] : "Tell me about Transformer";
    alv_runtime* runtime = NULL;
    alv_model* embedding_model = NULL;
    alv_model* chat_model = NULL;
    alv_embedder* embedder = NULL;
    alv_knowledge* knowledge = NULL;
    alv_error* error = NULL;
    alv_knowledge_options how = ALV_KNOWLEDGE_OPTIONS_INIT;
    int code = 0;

    how.chunk_size = 100;
    how.chunk_overlap = 20;
    if (alv_runtime_create(NULL, &runtime, &error) ||
        open_model(runtime, argc > 1 ? argv[1] : "all-minilm-l6-v2.gguf", &embedding_model,
                   &error) ||
        alv_embedder_create(embedding_model, &embedder, &error)) {
        code = failed(error);
    } else {
        how.embedder = embedder; /* how.path is empty: in memory */
        if (alv_knowledge_open(&how, &knowledge, &error) || add_documents(knowledge, &error) ||
            ask(knowledge, question, &error) ||
            (argc > 3 && (open_model(runtime, argv[3], &chat_model, &error) ||
                          answer(chat_model, knowledge, question, &error)))) {
            code = failed(error);
        }
    }
    alv_knowledge_release(knowledge); /* in any order; NULL is nothing */
    alv_embedder_release(embedder);
    alv_model_release(chat_model);
    alv_model_release(embedding_model);
    alv_runtime_release(runtime);
    return code;
}
