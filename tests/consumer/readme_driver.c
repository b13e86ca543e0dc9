/* Runs the C of README.md: its program, then its functions on a session of the same model.
 * readme_driver MODEL FOLDER: the folder has a text for the knowledge base. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type" /* only a real main may leave its value out */
#define main readme_main
#include "readme.c"
#undef main
#pragma GCC diagnostic pop

#include <string.h>
#ifdef _WIN32
#include <direct.h>
#define chdir _chdir
#else
int chdir(const char* path); /* POSIX; C99 has no header for it */
#endif

static int failed(const char* what, alv_error* error) {
    printf("FAILED %s: %s\n", what, error ? alv_error_message(error).data : "");
    alv_error_release(error);
    return 1;
}

/* Says `question`; the reply's text in `out`, its kinds of events as bits. */
static unsigned long ask(alv_session* session, const char* question,
                         const alv_generation_options* how, char* out, size_t size) {
    alv_generation* reply = NULL;
    const alv_event* event = NULL;
    alv_error* error = NULL;
    unsigned long seen = 0;
    size_t n = 0;
    if (alv_session_append(session, alv_str("user"), alv_str(question), &error) ||
        alv_session_generate(session, how, &reply, &error)) {
        failed(question, error);
        return 0;
    }
    while (alv_generation_wait(reply, UINT64_MAX, &event, NULL) == ALV_STATUS_OK) {
        seen |= 1ul << event->type;
        if (event->type == ALV_EVENT_TEXT && n + event->text.size < size) {
            memcpy(out + n, event->text.data, event->text.size);
            n += (size_t)event->text.size;
        }
    }
    out[n] = 0;
    printf("%s -> %s\n", question, out);
    alv_generation_release(reply);
    return seen;
}

static int saw(unsigned long seen, uint32_t type) {
    return (seen >> type & 1ul) != 0;
}

int main(int argc, char** argv) {
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    alv_runtime* runtime = NULL;
    alv_model* model = NULL;
    alv_session* session = NULL;
    alv_error* error = NULL;
    char text[4096];
    int is_open = 0;
    int bad = 0;
    unsigned long seen;

    if (argc != 3 || chdir(argv[2]) != 0) return failed("readme_driver MODEL FOLDER", NULL);
    readme_main(argc - 1, argv);
    puts("");
    what.path = alv_str(argv[1]);
    if (alv_runtime_create(NULL, &runtime, &error) ||
        alv_model_open(runtime, &what, &model, &error) ||
        alv_model_wait(model, UINT64_MAX, &error) ||
        alv_session_create(model, NULL, &session, &error)) {
        return failed("no session", error);
    }

    how.max_tokens = 24;
    if (give_menu(session, &error) || give_rules(session, &error)) {
        return failed("knowledge", error);
    }
    seen = ask(session, "What does the tavern sell?", &how, text, sizeof text);
    if (!saw(seen, ALV_EVENT_CITATION) || !saw(seen, ALV_EVENT_DONE)) {
        bad += failed("a reply with passages", NULL);
    }

    alv_session_clear(session, NULL);
    alv_session_clear_retrievers(session, NULL);
    ask_for_json(&how);
    seen = ask(session, "How do you feel?", &how, text, sizeof text);
    if (!saw(seen, ALV_EVENT_DONE) || !strstr(text, "\"mood\"")) bad += failed("a schema", NULL);

    alv_session_clear(session, NULL);
    how.response_schema = alv_str("");
    how.max_tokens = 64;
    if (give_door(session, &is_open, &error)) return failed("a tool", error);
    seen = ask(session, "Open the door of the tavern, please.", &how, text, sizeof text);
    if (!saw(seen, ALV_EVENT_DONE)) bad += failed("a reply with a tool", NULL);
    if (is_open != saw(seen, ALV_EVENT_TOOL_RESULT)) bad += failed("the door", NULL);

    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    puts(bad ? "FAILED" : "The README's functions work.");
    return bad;
}
