// alviss generate: one reply, for scripts: the whole of what happened as one line of JSON.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common.h"
#include "terminal.h"

namespace tool {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    ModelOptions model;
    SamplingOptions sampling;
    std::string prompt_file;
    std::vector<std::string> stop;
    std::string schema_file;
    std::string grammar_file;
    uint32_t n_logprobs = 0;
    bool is_chat = false;
    bool add_bos = false;
    bool is_json = false;
};

// Six decimals: more than float32 kernels are good for.
double rounded(double value) {
    return std::round(value * 1e6) / 1e6 + 0.0;
}

// What the events of a generation add up to.
struct Reply {
    Json prompt_tokens = Json::array();
    Json tokens = Json::array();
    Json steps = Json::array();
    std::string text;
    const char* finish_reason = "";
    alv_usage usage = ALV_USAGE_INIT;
};

void add_step(Reply& reply, const alv_event& event) {
    Json top = Json::array();
    for (uint64_t i = 0; i < event.n_top; ++i) {
        top.push_back({event.top[i].token, rounded(static_cast<double>(event.top[i].logprob))});
    }
    // Only measured where some are asked for.
    Json logprob;
    if (event.n_top > 0) logprob = rounded(static_cast<double>(event.logprob));
    reply.tokens.push_back(event.token);
    reply.steps.push_back(
        {{"token", event.token}, {"logprob", std::move(logprob)}, {"top", std::move(top)}});
}

Reply collect(alv_generation* generation, bool is_streamed) {
    Reply reply;
    for (;;) {
        const alv_event* event = nullptr;
        call(alv_generation_wait, generation, UINT64_MAX, &event);
        switch (event->type) {
            case ALV_EVENT_PROMPT:
                reply.prompt_tokens = std::vector<int32_t>(
                    event->prompt_tokens, event->prompt_tokens + event->n_prompt_tokens);
                break;
            case ALV_EVENT_TOKEN:
                add_step(reply, *event);
                break;
            case ALV_EVENT_TEXT:
                reply.text += view(event->text);
                if (is_streamed) {
                    std::fwrite(event->text.data, 1, event->text.size, stdout);
                    std::fflush(stdout);
                }
                break;
            case ALV_EVENT_DONE:
                reply.finish_reason = finish_reason_name(event->finish_reason);
                reply.usage = *event->usage;
                return reply;
            case ALV_EVENT_FAILED:
                throw Failure(alv_error_code(event->error),
                              std::string(view(alv_error_message(event->error))));
            default:
                break;  // PREFILL, and what later versions add
        }
    }
}

Owned<alv_generation> start(alv_session* session, const std::string& prompt,
                            const Options& options) {
    std::vector<alv_string> stop;
    stop.reserve(options.stop.size());
    for (const std::string& text : options.stop) stop.push_back(to_alv(text));
    alv_generation_options how = options.sampling.to_alv();
    how.n_top_logprobs = options.n_logprobs;
    how.stop = stop.data();
    how.n_stop = stop.size();
    const std::string schema = options.schema_file.empty() ? "" : read_file(options.schema_file);
    const std::string grammar = options.grammar_file.empty() ? "" : read_file(options.grammar_file);
    how.response_schema = to_alv(schema);
    how.grammar = to_alv(grammar);
    if (options.is_chat) {
        call(alv_session_append, session, alv_str("user"), to_alv(prompt));
        return make<alv_generation>(alv_session_generate, session, &how);
    }
    how.flags = ALV_GENERATION_PARSE_SPECIAL;
    if (options.add_bos) how.flags |= ALV_GENERATION_ADD_BOS;
    return make<alv_generation>(alv_session_complete, session, to_alv(prompt), &how);
}

void generate(Options options) {
    const std::string prompt = read_file(options.prompt_file);
    options.model.is_quiet = options.is_json;
    const Loaded loaded = load(options.model);
    const auto session = make<alv_session>(alv_session_create, loaded.model.get(),
                                           static_cast<const alv_session_options*>(nullptr));
    const auto generation = start(session.get(), prompt, options);
    const Reply reply = collect(generation.get(), !options.is_json);
    if (!options.is_json) {
        std::puts("");
        return;
    }
    const Json out = {
        {"prompt_tokens", reply.prompt_tokens},
        {"tokens", reply.tokens},
        {"text", reply.text},
        {"steps", reply.steps},
        {"finish_reason", reply.finish_reason},
        {"timings",
         {{"load_ms", loaded.ms},
          {"prefill_ms", reply.usage.prefill_ms},
          {"decode_ms", reply.usage.decode_ms},
          {"first_token_ms", reply.usage.first_token_ms}}},
    };
    std::puts(out.dump().c_str());
}

}  // namespace

void add_generate(CLI::App& app) {
    CLI::App* command = app.add_subcommand("generate", "Continues a prompt once, for scripts");
    auto options = std::make_shared<Options>();
    options->sampling.max_tokens = 128;
    options->model.add_to(*command);
    command->add_option("-f,--prompt-file", options->prompt_file, "The prompt, read as it is")
        ->required()
        ->type_name("FILE");
    command->add_flag("--chat", options->is_chat,
                      "The prompt is what a user says: the model's chat template is applied");
    command->add_flag("--bos", options->add_bos,
                      "Put the model's BOS token first (with --chat the template decides)");
    options->sampling.add_to(*command);
    command->add_option("--stop", options->stop, "A text that ends the reply; may be repeated");
    CLI::Option* schema = command
                              ->add_option("--schema", options->schema_file,
                                           "A JSON schema: the reply is made to match it")
                              ->type_name("FILE");
    command
        ->add_option("--grammar", options->grammar_file,
                     "A GBNF grammar: the reply is made to match it")
        ->type_name("FILE")
        ->excludes(schema);
    command
        ->add_option("--logprobs", options->n_logprobs,
                     "How many of the likeliest tokens a step lists")
        ->check(CLI::Range(0u, ALV_GENERATION_MAX_TOP_LOGPROBS));
    command->add_flag("--json", options->is_json, "Print one JSON object instead of the text");
    command->callback([options] { generate(*options); });
}

}  // namespace tool
