#include "alviss/grounding.h"

#include "agent/prompt_template.h"
#include "api/handles.h"
#include "api/retriever.h"
#include "api/versioned.h"

namespace alv::api {
namespace {

constexpr uint32_t kDefaultK = 4;
constexpr uint32_t kDefaultBudget = 1024;
constexpr uint32_t kDefaultTimeoutMs = 10'000;

Result<agent::PassageSource> read_source(const alv_retriever_options& options) {
    agent::PassageSource source;
    if (options.k > ALV_RETRIEVER_MAX_PASSAGES) {
        return invalid_argument("alv_retriever_options.k is " + std::to_string(options.k) +
                                ", at most " + std::to_string(ALV_RETRIEVER_MAX_PASSAGES) +
                                " is possible");
    }
    source.k = options.k ? options.k : kDefaultK;
    ALV_ASSIGN_OR_RETURN(source.name, read_string(options.name, "alv_retriever_options.name"));
    if (source.name.empty()) source.name = "knowledge";
    ALV_ASSIGN_OR_RETURN(source.filter_json,
                         read_string(options.filter, "alv_retriever_options.filter"));
    return source;
}

Result<agent::RetrievalSettings> read_settings(const alv_grounding_options& options) {
    ALV_RETURN_IF_ERROR(check_reserved(options.reserved, "alv_grounding_options"));
    agent::RetrievalSettings settings;
    settings.token_budget = options.token_budget ? options.token_budget : kDefaultBudget;
    settings.timeout =
        std::chrono::milliseconds(options.timeout_ms ? options.timeout_ms : kDefaultTimeoutMs);
    ALV_ASSIGN_OR_RETURN(
        settings.prompt_template,
        read_string(options.prompt_template, "alv_grounding_options.prompt_template"));
    if (settings.prompt_template.empty()) return settings;
    const auto trial =
        agent::render_prompt(settings.prompt_template, {{"context", ""}, {"question", ""}});
    if (!trial.ok()) return trial.status();
    return settings;
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_retriever_options_init(alv_retriever_options* out_options, uint32_t struct_size) {
    const alv_retriever_options defaults = ALV_RETRIEVER_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

void alv_grounding_options_init(alv_grounding_options* out_options, uint32_t struct_size) {
    const alv_grounding_options defaults = ALV_GROUNDING_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_session_add_retriever(alv_session* session, const alv_retriever* retriever,
                                     const alv_retriever_options* given, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_REQUIRE(retriever);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        const alv_retriever_options defaults = ALV_RETRIEVER_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_retriever_options options,
                             read_struct(given, defaults, "alv_retriever_options"));
        ALV_ASSIGN_OR_RETURN(agent::PassageSource source, read_source(options));
        ALV_ASSIGN_OR_RETURN(source.retriever, take_retriever(retriever));
        session->attached.change(
            [&](Attachments::All& all) { all.sources.push_back(std::move(source)); });
        return ok_status();
    });
}

alv_status alv_session_clear_retrievers(alv_session* session, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        std::vector<agent::PassageSource> dropped;  // released with no lock held
        session->attached.change([&](Attachments::All& all) { dropped.swap(all.sources); });
        return ok_status();
    });
}

alv_status alv_session_set_grounding(alv_session* session, const alv_grounding_options* given,
                                     alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        const alv_grounding_options defaults = ALV_GROUNDING_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_grounding_options options,
                             read_struct(given, defaults, "alv_grounding_options"));
        ALV_ASSIGN_OR_RETURN(agent::RetrievalSettings settings, read_settings(options));
        session->attached.change(
            [&](Attachments::All& all) { all.retrieval = std::move(settings); });
        return ok_status();
    });
}
