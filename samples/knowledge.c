/* Retrieval, end to end: documents are split, embedded and stored, a question finds those that
 * answer it: knowledge EMBEDDING_MODEL [QUESTION]
 * cc -std=c99 knowledge.c $(pkg-config --cflags --libs alviss) -o knowledge */
#include <alviss/alviss.h>
#include <stdio.h>

static const char* const documents[] = {
    "Artificial Intelligence (AI) is technology that enables computers to think and learn like "
    "humans.",
    "Machine learning is a branch of AI that learns patterns from data.",
    "Deep learning is a machine learning method using multi-layer neural networks.",
    "Natural Language Processing (NLP) is technology that enables computers to understand human "
    "language.",
    "Transformer is a revolutionary neural network architecture introduced in 2017.",
};
enum { N_DOCUMENTS = sizeof documents / sizeof documents[0] };

/* Prints why a call failed, and releases the error. */
static int failed(alv_error* error) {
    alv_string why = ALV_STRING_INIT;
    if (error) why = alv_error_message(error);
    fprintf(stderr, "knowledge: %.*s\n", (int)why.size, why.data ? why.data : "");
    alv_error_release(error);
    return 1;
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
    printf("Number of documents: %d\nNumber of chunks: %d\n", (int)n_documents, (int)n_chunks);
    return status;
}

/* 2. What is nearest in meaning to the question comes first. */
static alv_status ask(alv_knowledge* knowledge, const char* question, alv_error** out_error) {
    alv_passages* passages = NULL;
    alv_query query = ALV_QUERY_INIT;
    alv_status status;
    uint64_t i;
    query.text = alv_str(question);
    query.k = 2;
    status = alv_knowledge_search(knowledge, &query, ALV_KNOWLEDGE_VECTOR, &passages, out_error);
    if (status != ALV_STATUS_OK) return status;
    printf("\nQuery: %s\n\nRelevant documents:\n", question);
    for (i = 0; i < alv_passages_count(passages); ++i) {
        const alv_passage* passage = alv_passages_get(passages, i);
        printf("%d. [%.4f] %s\n", (int)i + 1, passage->score, passage->text.data);
    }
    alv_passages_release(passages);
    return status;
}

int main(int argc, char** argv) {
    alv_runtime* runtime = NULL;
    alv_model* model = NULL;
    alv_embedder* embedder = NULL;
    alv_knowledge* knowledge = NULL;
    alv_error* error = NULL;
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_knowledge_options how = ALV_KNOWLEDGE_OPTIONS_INIT;
    int code = 0;

    what.path = alv_str(argc > 1 ? argv[1] : "all-minilm-l6-v2.gguf");
    how.chunk_size = 100;
    how.chunk_overlap = 20;
    if (alv_runtime_create(NULL, &runtime, &error) ||
        alv_model_open(runtime, &what, &model, &error) ||
        alv_model_wait(model, UINT64_MAX, &error) ||
        alv_embedder_create(model, &embedder, &error)) {
        code = failed(error);
    } else {
        how.embedder = embedder; /* how.path is empty: in memory */
        if (alv_knowledge_open(&how, &knowledge, &error) || add_documents(knowledge, &error) ||
            ask(knowledge, argc > 2 ? argv[2] : "What is Transformer?", &error)) {
            code = failed(error);
        }
    }
    alv_knowledge_release(knowledge); /* in any order; NULL is nothing */
    alv_embedder_release(embedder);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return code;
}
