#include "alviss/generation.h"

#include <cmath>

#include "api/handles.h"
#include "api/turn.h"
#include "api/versioned.h"
#include "engine/names.h"

namespace alv::api {
namespace {

constexpr uint32_t kFlags = ALV_GENERATION_PARSE_SPECIAL | ALV_GENERATION_ADD_BOS |
                            ALV_GENERATION_IGNORE_END | ALV_GENERATION_RENDER_SPECIAL |
                            ALV_GENERATION_NO_PROMPT_LOOKUP;

Status check_range(float value, float highest, const char* name) {
    if (value >= 0 && value <= highest) return ok_status();  // false for NaN
    return invalid_argument("alv_generation_options." + std::string(name) + " must be from 0 to " +
                            std::to_string(highest));
}

Status check_most(uint64_t value, uint64_t most, const char* name) {
    if (value <= most) return ok_status();
    return limit_exceeded("alv_generation_options." + std::string(name) + " is " +
                          std::to_string(value) + ", at most " + std::to_string(most) +
                          " is possible");
}

Status read_sampling(const alv_generation_options& options, engine::Sampling& out) {
    ALV_RETURN_IF_ERROR(check_range(options.temperature, 100.0f, "temperature"));
    ALV_RETURN_IF_ERROR(check_range(options.top_p, 1.0f, "top_p"));
    ALV_RETURN_IF_ERROR(check_range(options.min_p, 1.0f, "min_p"));
    ALV_RETURN_IF_ERROR(check_range(options.repeat_penalty, 100.0f, "repeat_penalty"));
    ALV_RETURN_IF_ERROR(
        check_most(options.penalty_window, ALV_GENERATION_MAX_PENALTY_WINDOW, "penalty_window"));
    out.temperature = options.temperature;
    out.top_k = options.top_k;
    out.top_p = options.top_p;
    out.min_p = options.min_p;
    out.repeat_penalty = options.repeat_penalty;
    if (options.penalty_window) out.penalty_window = options.penalty_window;
    out.seed = options.seed;
    return ok_status();
}

Status read_stops(const alv_generation_options& options, std::vector<std::string>& out) {
    ALV_RETURN_IF_ERROR(check_most(options.n_stop, ALV_GENERATION_MAX_STOP_STRINGS, "n_stop"));
    if (options.n_stop != 0) ALV_REQUIRE(options.stop);
    for (uint64_t i = 0; i < options.n_stop; ++i) {
        ALV_ASSIGN_OR_RETURN(const std::string_view stop, read_string(options.stop[i], "stop"));
        if (stop.empty()) return invalid_argument("a stop string is empty");
        ALV_RETURN_IF_ERROR(
            check_most(stop.size(), ALV_GENERATION_MAX_STOP_BYTES, "stop (bytes of one)"));
        out.emplace_back(stop);
    }
    return ok_status();
}

Status read_constraint(const alv_generation_options& options, engine::Constraint& out) {
    ALV_ASSIGN_OR_RETURN(const std::string_view schema,
                         read_string(options.response_schema, "response_schema"));
    ALV_ASSIGN_OR_RETURN(const std::string_view grammar, read_string(options.grammar, "grammar"));
    if (!schema.empty() && !grammar.empty()) {
        return invalid_argument(
            "response_schema and grammar are both given: a reply keeps to one of them");
    }
    if (schema.empty() && grammar.empty()) return ok_status();
    if ((options.flags & ALV_GENERATION_IGNORE_END) != 0) {
        return invalid_argument("ALV_GENERATION_IGNORE_END: a reply with a grammar ends by itself");
    }
    out.kind =
        schema.empty() ? engine::Constraint::Kind::kGrammar : engine::Constraint::Kind::kJsonSchema;
    out.text = std::string(schema.empty() ? grammar : schema);
    return ok_status();
}

Status read_request(const alv_generation_options& options, engine::Request& out) {
    ALV_RETURN_IF_ERROR(check_flags(options.flags, kFlags, "alv_generation_options.flags"));
    ALV_RETURN_IF_ERROR(
        check_most(options.n_top_logprobs, ALV_GENERATION_MAX_TOP_LOGPROBS, "n_top_logprobs"));
    ALV_RETURN_IF_ERROR(read_sampling(options, out.sampling));
    ALV_RETURN_IF_ERROR(read_stops(options, out.stop_strings));
    ALV_RETURN_IF_ERROR(read_constraint(options, out.constraint));
    out.max_tokens = options.max_tokens;
    out.n_top = options.n_top_logprobs;
    out.ignore_end = (options.flags & ALV_GENERATION_IGNORE_END) != 0;
    out.prompt_lookup = (options.flags & ALV_GENERATION_NO_PROMPT_LOOKUP) == 0;
    out.render_special = (options.flags & ALV_GENERATION_RENDER_SPECIAL) != 0;
    return ok_status();
}

// Submits the request; the session is marked as generating until the last event.
Status submit(alv_session& session, const alv_generation_options& options, engine::Request request,
              alv_generation** out_generation) {
    auto handle = std::make_unique<alv_generation>();
    handle->core = session.core;
    handle->model = session.model;
    handle->conversation = session.conversation;
    Delivery::Options delivery;
    delivery.handle = handle.get();
    delivery.callback = options.callback;
    delivery.user_data = options.user_data;
    delivery.dispatcher = session.core->dispatcher;
    const bool messages = request.prompt.kind == engine::Prompt::Kind::kMessages;
    const bool as_turn = messages && session.attached.wants_turn(*session.history);
    if (!as_turn) delivery.history = session.history;
    delivery.append_reply = messages;
    handle->delivery = std::make_shared<Delivery>(std::move(delivery));
    if (as_turn) {
        if (session.core->runtime->scheduler().lost()) {
            return device_lost(
                "the device was lost: call alv_runtime_rebuild, then generate again");
        }
        handle->ticket = begin_turn(session, std::move(request), handle->delivery);
    } else {
        request.conversation = session.conversation;
        ALV_ASSIGN_OR_RETURN(handle->ticket,
                             session.model->submit(std::move(request), handle->delivery));
    }
    const std::shared_ptr<Delivery> opened = handle->delivery;
    *out_generation = handle.release();
    opened->open();  // from here on a callback may see it, and even let it go
    return ok_status();
}

// Until the engine has taken the request over, whatever goes wrong ends the reply.
struct ReplyGuard {
    agent::Conversation* history;
    ~ReplyGuard() {
        if (history) history->end_reply();
    }
};

Status start(alv_session* session, const alv_generation_options* given, engine::Prompt prompt,
             alv_generation** out_generation) {
    const alv_generation_options defaults = ALV_GENERATION_OPTIONS_INIT;
    ALV_ASSIGN_OR_RETURN(const alv_generation_options options,
                         read_struct(given, defaults, "alv_generation_options"));
    engine::Request request;
    ALV_RETURN_IF_ERROR(read_request(options, request));
    prompt.parse_special = (options.flags & ALV_GENERATION_PARSE_SPECIAL) != 0;
    prompt.add_bos = (options.flags & ALV_GENERATION_ADD_BOS) != 0;
    if (prompt.kind == engine::Prompt::Kind::kText && prompt.text.empty() && !prompt.add_bos) {
        return invalid_argument("prompt is empty: give it some text, or ALV_GENERATION_ADD_BOS");
    }
    const std::shared_ptr<agent::Conversation> history = session->history;
    ALV_RETURN_IF_ERROR(history->begin_reply());
    ReplyGuard reply{history.get()};
    if (prompt.kind == engine::Prompt::Kind::kMessages) {
        prompt.messages = history->all();
        if (prompt.messages.empty()) {
            return invalid_state("the session has no message to reply to: append one first");
        }
    }
    request.prompt = std::move(prompt);
    const Status status = submit(*session, options, std::move(request), out_generation);
    if (status.ok()) reply.history = nullptr;
    return status;
}

Status check_tokens(const alv_session& session, const int32_t* tokens, uint64_t n) {
    if (n == 0) return invalid_argument("n_tokens is 0: a prompt needs at least one token");
    ALV_REQUIRE(tokens);
    const uint32_t n_vocab = session.model->n_vocab();
    for (uint64_t i = 0; i < n; ++i) {
        if (tokens[i] >= 0 && static_cast<uint32_t>(tokens[i]) < n_vocab) continue;
        return invalid_argument("tokens[" + std::to_string(i) + "] is " +
                                std::to_string(tokens[i]) + ", which is not in the vocabulary of " +
                                std::to_string(n_vocab));
    }
    return ok_status();
}

Status wait_for_event(const RuntimeCore& core, const Delivery& delivery,
                      std::chrono::steady_clock::time_point deadline) {
    if (delivery.ready()) return ok_status();
    if (core.in_callback()) {
        return invalid_state("called from a callback, where it would wait for itself");
    }
    if (core.runtime->host_stepped()) {
        ALV_RETURN_IF_ERROR(core.runtime->drive([&] { return delivery.ready(); }, deadline));
    } else {
        static_cast<void>(delivery.wait(deadline));
    }
    if (delivery.ready()) return ok_status();
    return {Code::kTimeout, "no event came in the time given"};
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

const char* alv_finish_reason_name(uint32_t finish_reason) {
    if (finish_reason < ALV_FINISH_END_TOKEN || finish_reason > ALV_FINISH_FILTERED)
        return "unknown";
    return engine::name(static_cast<engine::FinishReason>(finish_reason)).data();
}

void alv_usage_init(alv_usage* out_usage, uint32_t struct_size) {
    const alv_usage defaults = ALV_USAGE_INIT;
    init_struct(out_usage, struct_size, defaults);
}

void alv_generation_options_init(alv_generation_options* out_options, uint32_t struct_size) {
    const alv_generation_options defaults = ALV_GENERATION_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_session_generate(alv_session* session, const alv_generation_options* options,
                                alv_generation** out_generation, alv_error** out_error) {
    if (out_generation) *out_generation = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(out_generation);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        return start(session, options, {}, out_generation);
    });
}

alv_status alv_session_complete(alv_session* session, alv_string prompt,
                                const alv_generation_options* options,
                                alv_generation** out_generation, alv_error** out_error) {
    if (out_generation) *out_generation = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(out_generation);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(prompt, "prompt"));
        engine::Prompt read;
        read.kind = engine::Prompt::Kind::kText;
        read.text = text;
        return start(session, options, std::move(read), out_generation);
    });
}

alv_status alv_session_complete_tokens(alv_session* session, const int32_t* tokens,
                                       uint64_t n_tokens, const alv_generation_options* options,
                                       alv_generation** out_generation, alv_error** out_error) {
    if (out_generation) *out_generation = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(out_generation);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_RETURN_IF_ERROR(check_tokens(*session, tokens, n_tokens));
        engine::Prompt read;
        read.kind = engine::Prompt::Kind::kTokens;
        read.tokens.assign(tokens, tokens + n_tokens);
        return start(session, options, std::move(read), out_generation);
    });
}

void alv_generation_release(alv_generation* generation) {
    if (!generation || generation->core->forked()) return;
    call_plain([&]() -> int {
        if (generation->ticket) generation->ticket->cancel();
        generation->core->runtime->scheduler().wake();
        generation->delivery->close();
        return 0;
    });
    release_handle(generation);
}

alv_status alv_generation_poll(alv_generation* generation, const alv_event** out_event,
                               alv_error** out_error) {
    if (out_event) *out_event = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(generation);
        ALV_REQUIRE(out_event);
        ALV_RETURN_IF_ERROR(check_process(*generation->core));
        ALV_ASSIGN_OR_RETURN(*out_event, generation->delivery->poll());
        return ok_status();
    });
}

alv_status alv_generation_wait(alv_generation* generation, uint64_t timeout_us,
                               const alv_event** out_event, alv_error** out_error) {
    if (out_event) *out_event = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(generation);
        ALV_REQUIRE(out_event);
        ALV_RETURN_IF_ERROR(check_process(*generation->core));
        // A callback of another generation may let this one's handle go: it must not, but then the
        // runtime stays until this returns.
        const std::shared_ptr<RuntimeCore> core = generation->core;
        const std::shared_ptr<Delivery> delivery = generation->delivery;
        ALV_RETURN_IF_ERROR(wait_for_event(*core, *delivery, deadline_after(timeout_us)));
        ALV_ASSIGN_OR_RETURN(*out_event, delivery->poll());
        return ok_status();
    });
}

alv_status alv_generation_cancel(alv_generation* generation, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(generation);
        ALV_RETURN_IF_ERROR(check_process(*generation->core));
        if (generation->ticket) generation->ticket->cancel();
        generation->core->runtime->scheduler().wake();
        return ok_status();
    });
}

alv_status alv_generation_get_usage(alv_generation* generation, alv_usage* out_usage,
                                    alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(generation);
        ALV_REQUIRE(out_usage);
        ALV_RETURN_IF_ERROR(check_process(*generation->core));
        return fill_struct(out_usage, to_abi(generation->delivery->usage()), "alv_usage");
    });
}
