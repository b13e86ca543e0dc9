/* A model that calls functions of the program: tools MODEL [WEB_FILE] [QUESTION]
 * Calls and results go to standard error, the reply to standard output. */
#include <alviss/alviss.h>
#include <stdio.h>

#include "demo_tools.h"

static int failed(alv_error* error) {
    alv_string why = ALV_STRING_INIT;
    if (error) why = alv_error_message(error);
    fprintf(stderr, "tools: %.*s\n", (int)why.size, why.data ? why.data : "");
    alv_error_release(error);
    return 1;
}

static void print(FILE* file, const char* before, alv_string a, const char* between, alv_string b) {
    fprintf(file, "%s%.*s%s%.*s\n", before, (int)a.size, a.data, between, (int)b.size, b.data);
}

/* 4. Text, calls and results are events of the one reply. */
static int print_reply(alv_generation* reply, alv_error** out_error) {
    const alv_event* event = NULL;
    while (alv_generation_wait(reply, UINT64_MAX, &event, out_error) == ALV_STATUS_OK) {
        switch (event->type) {
            case ALV_EVENT_TEXT:
                fwrite(event->text.data, 1, event->text.size, stdout);
                fflush(stdout);
                break;
            case ALV_EVENT_TOOL_CALL:
                print(stderr, "-> ", event->name, " ", event->text);
                break;
            case ALV_EVENT_TOOL_RESULT:
                print(stderr, event->failed ? "<- failed: " : "<- ", event->name, " ", event->text);
                break;
            case ALV_EVENT_FAILED:
                fprintf(stderr, "tools: %s\n", alv_error_message(event->error).data);
                return 1;
            case ALV_EVENT_DONE:
                puts("");
                return 0;
            default:
                break;
        }
    }
    return failed(*out_error);
}

int main(int argc, char** argv) {
    alv_runtime* runtime = NULL;
    alv_model* model = NULL;
    alv_session* session = NULL;
    alv_tools* tools = NULL;
    alv_generation* reply = NULL;
    alv_error* error = NULL;
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_tools_options use = ALV_TOOLS_OPTIONS_INIT;
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    const char* web_file = argc > 2 ? argv[2] : "samples/data/web.txt";
    const char* question = argc > 3 ? argv[3] : "What is the weather in Paris?";
    int code;

    what.path = alv_str(argc > 1 ? argv[1] : "model.gguf");
    how.max_tokens = 256; /* of all rounds */
    use.max_rounds = 1;
    use.choice = ALV_TOOL_CHOICE_REQUIRED; /* the smallest models rarely call unasked */
    if (alv_runtime_create(NULL, &runtime, &error) ||
        alv_model_open(runtime, &what, &model, &error) ||
        alv_model_wait(model, UINT64_MAX, &error) ||
        alv_session_create(model, NULL, &session, &error) ||
        /* 1. The functions, with a JSON schema each. */
        demo_tools_create(web_file, &tools, &error) ||
        /* 2. What the session may do with them. */
        alv_session_set_tools(session, tools, &use, &error) ||
        alv_session_append(session, alv_str("user"), alv_str(question), &error) ||
        /* 3. The library generates, calls, and generates again. */
        alv_session_generate(session, &how, &reply, &error)) {
        code = failed(error);
    } else {
        code = print_reply(reply, &error);
    }
    alv_generation_release(reply);
    alv_tools_release(tools);
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return code;
}
