/* A character of a game: npc MODEL [LORE_FILE] [EMBEDDING_MODEL]
 * The guard at a gate has a persona, knows the town's lore, and can act: two tools change the
 * game's state. The player's lines come from standard input, replies are streamed. There is no
 * thread: the loop below stands for a game's frame loop. */
#include <alviss/alviss.h>
#include <stdio.h>
#include <string.h>

#include "demo_knowledge.h"
#include "demo_tools.h"

/* 1. The game's state, and the tools that change it. ------------------------------------------- */

typedef struct {
    int gate_is_open;
    char bag[256]; /* what the player was given */
} Game;

static alv_status open_gate(void* user_data, alv_tool_call* call) {
    Game* game = (Game*)user_data;
    const int was_open = game->gate_is_open;
    game->gate_is_open = 1;
    return alv_tool_call_reply(call, alv_str(was_open ? "It was open already." : "The gate opens."),
                               0, NULL);
}

static alv_status give_item(void* user_data, alv_tool_call* call) {
    Game* game = (Game*)user_data;
    char item[32];
    if (!demo_json_text(alv_tool_call_arguments(call), "item", item, sizeof item)) {
        return alv_tool_call_reply(call, alv_str("which item?"), ALV_TOOL_RESULT_ERROR, NULL);
    }
    if (strstr(game->bag, item)) {
        return alv_tool_call_reply(call, alv_str("the player has it already"),
                                   ALV_TOOL_RESULT_ERROR, NULL);
    }
    if (strlen(game->bag) + strlen(item) + 3 < sizeof game->bag) {
        if (game->bag[0]) strcat(game->bag, ", ");
        strcat(game->bag, item);
    }
    return alv_tool_call_reply(call, alv_str("The player takes it."), 0, NULL);
}

static alv_status add_tools(alv_tools* tools, Game* game, alv_error** out_error) {
    alv_tool gate = ALV_TOOL_INIT;
    alv_tool item = ALV_TOOL_INIT;
    alv_status status;
    gate.name = alv_str("open_gate");
    gate.description = alv_str("Opens the northern gate for the player");
    gate.callback = open_gate;
    gate.user_data = game;
    item.name = alv_str("give_item");
    item.description = alv_str("Gives the player a thing from the guard's store");
    item.parameters = alv_str(
        "{\"type\": \"object\", \"properties\": {\"item\": {\"enum\": [\"lantern\", \"rope\", "
        "\"silverleaf\"]}}, \"required\": [\"item\"], \"additionalProperties\": false}");
    item.callback = give_item;
    item.user_data = game;
    status = alv_tools_add(tools, &gate, out_error);
    return status ? status : alv_tools_add(tools, &item, out_error);
}

/* 2. One line of the player's, answered frame by frame. ---------------------------------------- */

static int answer(alv_runtime* runtime, alv_session* session, const char* line,
                  alv_error** out_error) {
    alv_generation_options how = ALV_GENERATION_OPTIONS_INIT;
    alv_generation* reply = NULL;
    const alv_event* event = NULL;
    int over = 0;
    how.max_tokens = 120;
    if (alv_session_append(session, alv_str("user"), alv_str(line), out_error) ||
        alv_session_generate(session, &how, &reply, out_error)) {
        return 0;
    }
    printf("Mira: ");
    while (!over && !alv_runtime_step(runtime, 4000, NULL, out_error)) { /* 4 ms of a frame */
        while (!over && alv_generation_poll(reply, &event, NULL) == ALV_STATUS_OK) {
            if (event->type == ALV_EVENT_TEXT) {
                fwrite(event->text.data, 1, event->text.size, stdout);
                fflush(stdout);
            } else if (event->type == ALV_EVENT_TOOL_RESULT) {
                fprintf(stderr, "[%.*s: %.*s]\n", (int)event->name.size, event->name.data,
                        (int)event->text.size, event->text.data);
            } else if (event->type == ALV_EVENT_FAILED) {
                fprintf(stderr, "npc: %s\n", alv_error_message(event->error).data);
                over = 1;
            } else if (event->type == ALV_EVENT_DONE) {
                over = 1;
            }
        }
    }
    puts("");
    alv_generation_release(reply);
    return over;
}

/* 3. The persona, the lore and the loop. ----------------------------------------------------------
 */

static const char* const persona =
    "You are Mira Holt, captain of the guard at the northern gate of Emberfall. You are gruff, "
    "brief "
    "and fair. Speak as she would, in one to three sentences. Open the gate only for who has a "
    "good "
    "reason, and lend things to who needs them.";

int main(int argc, char** argv) {
    alv_runtime_options device = ALV_RUNTIME_OPTIONS_INIT;
    alv_model_options what = ALV_MODEL_OPTIONS_INIT;
    alv_retriever_options about = ALV_RETRIEVER_OPTIONS_INIT;
    alv_grounding_options grounding = ALV_GROUNDING_OPTIONS_INIT;
    alv_runtime* runtime = NULL;
    alv_model* model = NULL;
    alv_session* session = NULL;
    alv_tools* tools = NULL;
    alv_error* error = NULL;
    Game game = {0, ""};
    char line[512];
    int ok;

    device.flags = ALV_RUNTIME_HOST_STEPPED;
    what.path = alv_str(argc > 1 ? argv[1] : "model.gguf");
    about.k = 2;
    about.name = alv_str("lore");
    grounding.token_budget = 200;
    grounding.prompt_template =
        alv_str("What you know:\n{context}\n\nThe traveller says: {question}");
    ok = !alv_runtime_create(&device, &runtime, &error) &&
         !alv_model_open(runtime, &what, &model, &error) &&
         !alv_model_wait(model, UINT64_MAX, &error) &&
         !alv_session_create(model, NULL, &session, &error) &&
         !alv_session_set_system(session, alv_str(persona), &error) &&
         !alv_session_set_limits(session, 8, 1200, &error) && !alv_tools_create(&tools, &error) &&
         !add_tools(tools, &game, &error) && !alv_session_set_tools(session, tools, NULL, &error) &&
         !alv_session_set_grounding(session, &grounding, &error) &&
         !demo_knowledge_add(session, runtime, argc > 2 ? argv[2] : "samples/data/lore.txt",
                             argc > 3 ? argv[3] : NULL, &about, &error);
    while (ok && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strcmp(line, "quit")) break;
        if (line[0]) ok = answer(runtime, session, line, &error);
    }
    printf("The gate is %s. Bag: %s\n", game.gate_is_open ? "open" : "shut",
           game.bag[0] ? game.bag : "empty");
    if (error) fprintf(stderr, "npc: %s\n", alv_error_message(error).data);
    alv_error_release(error);
    alv_tools_release(tools);
    alv_session_release(session);
    alv_model_release(model);
    alv_runtime_release(runtime);
    return ok ? 0 : 1;
}
