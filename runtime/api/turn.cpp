#include "api/turn.h"

#include "agent/prompt_template.h"
#include "local/prompt.h"

namespace alv::api {
namespace {

engine::ToolUse offered(const agent::ToolList& tools) {
    engine::ToolUse use;
    for (const auto& tool : tools) use.tools.push_back(tool->spec);
    return use;
}

Status gone() {
    return cancelled("the model was released");
}

}  // namespace

std::shared_ptr<engine::Ticket> begin_turn(alv_session& session, engine::Request request,
                                           const std::shared_ptr<Delivery>& delivery) {
    Attachments::All all = session.attached.get();
    const std::weak_ptr<local::LocalModel> model = session.model;
    agent::TurnSetup setup;
    setup.conversation = session.history;
    setup.engine = model;
    setup.cache = session.conversation;
    setup.runner = session.core->runtime->tasks();
    setup.sink = delivery;
    setup.host = delivery;
    request.prompt = {};
    setup.request = std::move(request);
    if (all.tools) setup.tools = all.tools->list();
    setup.tool_settings = std::move(all.tool_settings);
    setup.input_filters = std::move(all.input_filters);
    setup.output_filters = std::move(all.output_filters);
    setup.sources = std::move(all.sources);
    setup.retrieval = std::move(all.retrieval);
    if (setup.retrieval.prompt_template.empty()) {
        setup.retrieval.prompt_template = agent::builtin_prompt("knowledge");
    }
    setup.count_messages = [model, use = offered(setup.tools)](
                               std::span<const engine::Message> messages) -> Result<uint32_t> {
        const auto alive = model.lock();
        if (!alive) return gone();
        ALV_ASSIGN_OR_RETURN(const auto side, alive->text());
        engine::Prompt prompt;
        prompt.messages.assign(messages.begin(), messages.end());
        ALV_ASSIGN_OR_RETURN(const auto tokens, local::encode_prompt(*side, prompt, use));
        return static_cast<uint32_t>(tokens.size());
    };
    setup.count_text = [model](std::string_view text) -> Result<uint32_t> {
        const auto alive = model.lock();
        if (!alive) return gone();
        ALV_ASSIGN_OR_RETURN(const auto side, alive->text());
        ALV_ASSIGN_OR_RETURN(const auto tokens,
                             local::encode_text(*side, std::string(text), false, false));
        return static_cast<uint32_t>(tokens.size());
    };
    auto turn = std::make_shared<agent::Turn>(std::move(setup));
    session.core->runtime->tasks()->add_task(turn);
    return turn;
}

}  // namespace alv::api
