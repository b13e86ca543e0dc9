/* A complete chatbot: assistant MODEL [KNOWLEDGE] [WEB_FILE] [EMBEDDING_MODEL]
 * It keeps the last turns, looks into a file or folder of knowledge, calls tools, hides what a
 * filter forbids, and knows these commands: clear forgets the conversation, save FILE writes it as
 * JSON, load FILE reads it back, quit ends; exit and bye do, too. */
#include <alviss/alviss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../demo_knowledge.h"
#include "../demo_tools.h"

enum { MAX_HISTORY = 5, MAX_FILE = 16 << 20 };

static const char* const system_message = "You are a helpful AI assistant.";

static int report(alv_error* error) {
    if (error) {
        const alv_string why = alv_error_message(error);
        fprintf(stderr, "assistant: %.*s\n", (int)why.size, why.data);
    }
    alv_error_release(error);
    return 0;
}

/* 1. Commands ---------------------------------------------------------------------------------- */

static int save(alv_session* session, const char* path) {
    alv_bytes* json = NULL;
    alv_error* error = NULL;
    FILE* file;
    int ok;
    if (alv_session_save(session, &json, &error)) return report(error);
    file = fopen(path, "wb");
    ok =
        file && fwrite(alv_bytes_data(json), 1, alv_bytes_size(json), file) == alv_bytes_size(json);
    if (file && fclose(file) != 0) ok = 0;
    alv_bytes_release(json);
    fprintf(stderr, ok ? "Saved to %s\n" : "assistant: %s can't be written\n", path);
    return ok;
}

static int load(alv_session* session, const char* path) {
    alv_error* error = NULL;
    alv_string json = ALV_STRING_INIT;
    FILE* file = fopen(path, "rb");
    char* text = file ? (char*)malloc(MAX_FILE) : NULL;
    int ok = 0;
    if (text) {
        json.data = text;
        json.size = fread(text, 1, MAX_FILE, file);
        ok = !alv_session_restore(session, json, &error) || report(error);
    }
    free(text);
    if (file) fclose(file);
    if (ok) fprintf(stderr, "Loaded %s\n", path);
    return ok;
}

static int clear(alv_session* session) {
    alv_error* error = NULL;
    if (alv_session_clear(session, &error) ||
        alv_session_set_system(session, alv_str(system_message), &error)) {
        return report(error);
    }
    fprintf(stderr, "Cleared\n");
    return 1;
}

/* 2. A reply, streamed; sources are told after it. -----------------------------------------------
 */

static int print_event(const alv_event* event) {
    char name[256];
    switch (event->type) {
        case ALV_EVENT_TEXT:
            fwrite(event->text.data, 1, event->text.size, stdout);
            fflush(stdout);
            return 1;
        case ALV_EVENT_TOOL_RESULT:
            fprintf(stderr, "[%.*s: %.*s]\n", (int)event->name.size, event->name.data,
                    (int)event->text.size, event->text.data);
            return 1;
        case ALV_EVENT_CITATION:
            if (event->span_end == 0) {
                demo_passage_name(event, name, sizeof name);
                fprintf(stderr, "[read: %s, %.2f]\n", name, (double)event->score);
            }
            return 1;
        case ALV_EVENT_FAILED:
            fprintf(stderr, "\nassistant: %s\n", alv_error_message(event->error).data);
            return 0;
        case ALV_EVENT_DONE:
            puts("");
            return 0;
        default:
            return 1;
    }
}

static int answer(alv_session* session, const char* question, uint64_t seed) {
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    alv_generation* reply = NULL;
    const alv_event* event = NULL;
    alv_error* error = NULL;
    how.max_tokens = 256;
    how.temperature = 0.4f;
    how.top_p = 0.9f;
    how.seed = seed;
    if (alv_session_append(session, alv_str("user"), alv_str(question), &error) ||
        alv_session_generate(session, &how, &reply, &error)) {
        return report(error);
    }
    printf("Assistant: ");
    while (alv_generation_wait(reply, UINT64_MAX, &event, &error) == ALV_STATUS_OK &&
           print_event(event)) {
    }
    alv_generation_release(reply);
    return error ? report(error) : 1;
}

static int is_quit(const char* line) {
    return !strcmp(line, "quit") || !strcmp(line, "exit") || !strcmp(line, "bye");
}

static void chat(alv_session* session) {
    char line[4096];
    uint64_t turn = 0;
    fprintf(stderr, "Type 'quit' to exit; 'clear', 'save FILE' and 'load FILE' work too.\n");
    for (;;) {
        fprintf(stderr, "You: ");
        if (!fgets(line, sizeof line, stdin)) return;
        line[strcspn(line, "\r\n")] = 0;
        if (is_quit(line)) break;
        if (!line[0]) continue;
        if (!strcmp(line, "clear")) {
            clear(session);
        } else if (!strncmp(line, "save ", 5)) {
            save(session, line + 5);
        } else if (!strncmp(line, "load ", 5)) {
            load(session, line + 5);
        } else {
            answer(session, line, ++turn);
        }
    }
    puts("Assistant: Goodbye!");
}

/* 3. All of it on one session. --------------------------------------------------------------------
 */

static alv_status equip(alv_session* session, alv_tools* tools, alv_filter* filter,
                        alv_error** out_error) {
    alv_grounding_options grounding = ALV_GROUNDING_OPTIONS_INIT;
    alv_tools_options use = ALV_TOOLS_OPTIONS_INIT;
    alv_status status = alv_session_set_system(session, alv_str(system_message), out_error);
    if (!status) status = alv_session_set_limits(session, MAX_HISTORY, 0, out_error);
    use.max_rounds = 1; /* then it answers: the smallest models would go on calling */
    if (!status) status = alv_session_set_tools(session, tools, &use, out_error);
    if (!status) {
        status = alv_session_add_filter(session, filter, ALV_FILTER_INPUT | ALV_FILTER_OUTPUT,
                                        out_error);
    }
    grounding.token_budget = 400; /* of what it reads */
    return status ? status : alv_session_set_grounding(session, &grounding, out_error);
}

int main(int argc, char** argv) {
    /* Card numbers are neither read nor shown. */
    const alv_string patterns[] = {{"\\b\\d{4}([ -]?\\d{4}){3}\\b", ALV_STRING_NUL}};
    alv_filter_list_options forbidden = ALV_FILTER_LIST_OPTIONS_INIT;
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_retriever_options about = ALV_RETRIEVER_OPTIONS_INIT;
    alv_runtime* runtime = NULL;
    alv_model* model = NULL;
    alv_session* session = NULL;
    alv_tools* tools = NULL;
    alv_filter* filter = NULL;
    alv_error* error = NULL;
    int ok;

    what.path = alv_str(argc > 1 ? argv[1] : "model.gguf");
    about.k = 3;
    forbidden.patterns = patterns;
    forbidden.n_patterns = 1;
    forbidden.replacement = alv_str("[card number]");
    ok = !alv_runtime_create(NULL, &runtime, &error) &&
         !alv_model_open(runtime, &what, &model, &error) &&
         !alv_model_wait(model, UINT64_MAX, &error) &&
         !alv_session_create(model, NULL, &session, &error) &&
         !demo_tools_create(argc > 3 ? argv[3] : "samples/data/web.txt", &tools, &error) &&
         !alv_filter_create_list(&forbidden, &filter, &error) &&
         !equip(session, tools, filter, &error) &&
         (argc <= 2 || !demo_knowledge_add(session, runtime, argv[2], argc > 4 ? argv[4] : NULL,
                                           &about, &error));
    if (ok) {
        chat(session);
    } else {
        report(error);
    }
    alv_filter_release(filter);
    alv_tools_release(tools);
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return ok ? 0 : 1;
}
