#include "alviss/session.h"

#include "api/bytes.h"
#include "api/handles.h"
#include "api/versioned.h"

using namespace alv;
using namespace alv::api;

void alv_session_options_init(alv_session_options* out_options, uint32_t struct_size) {
    const alv_session_options defaults = ALV_SESSION_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_session_create(alv_model* model, const alv_session_options* given,
                              alv_session** out_session, alv_error** out_error) {
    if (out_session) *out_session = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(model);
        ALV_REQUIRE(out_session);
        ALV_RETURN_IF_ERROR(check_process(*model->core));
        const alv_session_options defaults = ALV_SESSION_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_session_options options,
                             read_struct(given, defaults, "alv_session_options"));
        ALV_RETURN_IF_ERROR(
            check_flags(options.flags, ALV_SESSION_FAST_REUSE, "alv_session_options.flags"));
        ALV_RETURN_IF_ERROR(check_reserved(options.reserved, "alv_session_options"));
        auto session = std::make_unique<alv_session>();
        session->core = model->core;
        session->model = model->model;
        session->history = std::make_shared<agent::Conversation>();
        ALV_ASSIGN_OR_RETURN(session->conversation,
                             model->model->open(options.context_tokens,
                                                (options.flags & ALV_SESSION_FAST_REUSE) != 0));
        session->fast_reuse = (options.flags & ALV_SESSION_FAST_REUSE) != 0;
        *out_session = session.release();
        return ok_status();
    });
}

alv_status alv_session_fork(alv_session* session, alv_session** out_session,
                            alv_error** out_error) {
    if (out_session) *out_session = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(out_session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        auto fork = std::make_unique<alv_session>();
        fork->core = session->core;
        fork->model = session->model;
        fork->history = std::make_shared<agent::Conversation>();
        fork->history->copy_from(*session->history);
        fork->fast_reuse = session->fast_reuse;
        fork->attached.copy_from(session->attached);
        ALV_ASSIGN_OR_RETURN(
            fork->conversation,
            session->model->open(session->conversation->context_tokens(), session->fast_reuse));
        *out_session = fork.release();
        return ok_status();
    });
}

void alv_session_release(alv_session* session) {
    release_handle(session);
}

alv_status alv_session_append(alv_session* session, alv_string role, alv_string content,
                              alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view who, read_string(role, "role"));
        ALV_ASSIGN_OR_RETURN(const std::string_view what, read_string(content, "content"));
        if (who.empty()) return invalid_argument("role is empty: give \"user\" or another");
        return session->history->append({std::string(who), std::string(what)});
    });
}

uint64_t alv_session_message_count(alv_session* session) {
    return call_plain([&]() -> uint64_t { return session ? session->history->size() : 0; });
}

alv_status alv_session_get_message(alv_session* session, uint64_t index, alv_bytes** out_role,
                                   alv_bytes** out_content, alv_error** out_error) {
    if (out_role) *out_role = nullptr;
    if (out_content) *out_content = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(engine::Message message, session->history->get(index));
        std::unique_ptr<alv_bytes> role(make_bytes(std::move(message.role)));
        std::unique_ptr<alv_bytes> content(make_bytes(std::move(message.content)));
        if (out_role) *out_role = role.release();
        if (out_content) *out_content = content.release();
        return ok_status();
    });
}

alv_status alv_session_truncate(alv_session* session, uint64_t n_messages, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        return session->history->truncate(n_messages);
    });
}

alv_status alv_session_clear(alv_session* session, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_RETURN_IF_ERROR(session->history->truncate(0));
        session->conversation->drop_cache();
        return ok_status();
    });
}

uint32_t alv_session_context_tokens(alv_session* session) {
    return call_plain([&] { return session ? session->conversation->context_tokens() : 0u; });
}

uint32_t alv_session_cached_tokens(alv_session* session) {
    return call_plain([&] { return session ? session->conversation->cached_tokens() : 0u; });
}

alv_status alv_session_set_system(alv_session* session, alv_string content, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(content, "content"));
        return session->history->set_system(std::string(text));
    });
}

alv_status alv_session_set_limits(alv_session* session, uint32_t max_turns, uint32_t token_budget,
                                  alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        return session->history->set_limits({max_turns, token_budget});
    });
}

alv_status alv_session_pin(alv_session* session, uint64_t index, uint32_t pinned,
                           alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        if (pinned > 1) return invalid_argument("pinned must be 0 or 1");
        return session->history->pin(index, pinned == 1);
    });
}

alv_status alv_session_save(alv_session* session, alv_bytes** out_json, alv_error** out_error) {
    if (out_json) *out_json = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(out_json);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): ALV_REQUIRE returned
        *out_json = make_bytes(session->history->save());
        return ok_status();
    });
}

alv_status alv_session_restore(alv_session* session, alv_string json, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(json, "json"));
        return session->history->load(text);
    });
}
