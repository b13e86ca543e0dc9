/* The smallest program that speaks: hello MODEL [QUESTION]
 * cc -std=c99 hello.c $(pkg-config --cflags --libs alviss) -o hello */
#include <alviss/alviss.h>
#include <stdio.h>

/* Prints why a call failed, and releases the error. */
static int failed(alv_error* error) {
    alv_string why = ALV_STRING_INIT;
    if (error) why = alv_error_message(error);
    fprintf(stderr, "hello: %.*s\n", (int)why.size, why.data ? why.data : "");
    alv_error_release(error);
    return 1;
}

/* Streams the reply as it comes; the events are borrowed until the next call. */
static int print_reply(alv_generation* reply, alv_error** out_error) {
    const alv_event* event = NULL;
    while (alv_generation_wait(reply, UINT64_MAX, &event, out_error) == ALV_STATUS_OK) {
        switch (event->type) {
            case ALV_EVENT_TEXT:
                fwrite(event->text.data, 1, event->text.size, stdout);
                fflush(stdout);
                break;
            case ALV_EVENT_FAILED:
                fprintf(stderr, "hello: %s\n", alv_error_message(event->error).data);
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
    alv_generation* reply = NULL;
    alv_error* error = NULL;
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    int code;

    what.path = alv_str(argc > 1 ? argv[1] : "model.gguf");
    how.max_tokens = 64;
    if (alv_runtime_create(NULL, &runtime, &error) || /* the best device there is */
        alv_model_open(runtime, &what, &model, &error) ||
        alv_model_wait(model, UINT64_MAX, &error) ||
        alv_session_create(model, NULL, &session, &error) ||
        alv_session_append(session, alv_str("user"), alv_str(argc > 2 ? argv[2] : "Who are you?"),
                           &error) ||
        alv_session_generate(session, &how, &reply, &error)) {
        code = failed(error);
    } else {
        code = print_reply(reply, &error);
    }
    alv_generation_release(reply); /* in any order; NULL is nothing */
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return code;
}
