#include "alviss/tools.h"

#include <nlohmann/json.hpp>

#include "api/handles.h"
#include "api/versioned.h"
#include "schema/schema.h"

struct alv_tools {
    std::shared_ptr<alv::agent::Tools> tools;
};

namespace alv::api {
namespace {

constexpr uint32_t kDefaultTimeoutMs = 30'000;
constexpr uint32_t kDefaultResultBytes = 65'536;
constexpr const char* kNoParameters = R"({"type":"object","properties":{}})";
constexpr const char* kExamples = R"({"type":"array","maxItems":16,"items":{"type":"object",
    "properties":{"input":{"type":"string","minLength":1,"maxLength":4000},
    "arguments":{"type":"object"},"answer":{"type":"string","minLength":1,"maxLength":4000}},
    "required":["input"],"additionalProperties":false}})";

// The call as the host knows it is the call itself.
alv_tool_call* to_handle(agent::PendingCall* call) {
    return reinterpret_cast<alv_tool_call*>(call);
}
agent::PendingCall* from_handle(alv_tool_call* call) {
    return reinterpret_cast<agent::PendingCall*>(call);
}
const agent::PendingCall* from_handle(const alv_tool_call* call) {
    return reinterpret_cast<const agent::PendingCall*>(call);
}

class HostTool : public agent::ToolHandler {
  public:
    explicit HostTool(const alv_tool& tool)
        : callback_(tool.callback),
          drop_(tool.drop),
          release_(tool.release),
          user_data_(tool.user_data) {}
    HostTool(const HostTool&) = delete;
    HostTool& operator=(const HostTool&) = delete;
    ~HostTool() override {
        if (!taken_ || !release_) return;
        try {
            release_(user_data_);
        } catch (...) {
            // There is nobody to tell.
        }
    }

    // From now on the host waits for the release.
    void take() { taken_ = true; }

    Status call(std::shared_ptr<agent::PendingCall> call) override {
        if (!callback_) return {Code::kCallbackFailed, "the tool cannot be called"};
        alv_status status = ALV_STATUS_CALLBACK_FAILED;
        call->host_retain();
        const std::unique_ptr<agent::PendingCall, HostRelease> owned(call.get());
        try {
            status = callback_(user_data_, to_handle(call.get()));
        } catch (...) {
            status = ALV_STATUS_CALLBACK_FAILED;
        }
        Status failed;
        if (status != ALV_STATUS_OK) {
            failed = {Code::kCallbackFailed,
                      std::string("the tool failed: ") + alv_status_name(status)};
            // Before the last owner goes, whose message says less.
            static_cast<void>(call->reply(failed.message(), true));
        }
        return failed;
    }

    void drop(agent::PendingCall& call) override {
        if (!drop_) return;
        call.host_retain();
        try {
            drop_(user_data_, to_handle(&call));
        } catch (...) {
            // There is nobody to tell.
        }
        call.host_release();
    }

  private:
    struct HostRelease {
        void operator()(agent::PendingCall* call) const { call->host_release(); }
    };
    const alv_tool_callback callback_;
    const alv_tool_drop_callback drop_;
    const alv_tool_release_callback release_;
    void* const user_data_;
    bool taken_ = false;
};

// Reads the schema once; what can't be kept to is refused here, by name.
Result<std::function<Status(std::string_view)>> checker(const std::string& parameters) {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const schema::Schema> schema,
                         schema::Schema::parse(parameters));
    if ((schema->root().types & schema::Schema::kObject) == 0) {
        return invalid_argument("it is no schema of an object");
    }
    schema::Grammar grammar;
    if (auto added = schema::add_schema(grammar, *schema); !added.ok()) return added.status();
    return std::function<Status(std::string_view)>(
        [schema](std::string_view arguments) { return schema::validate_text(*schema, arguments); });
}

Result<std::vector<engine::ToolExample>> read_examples(
    std::string_view text, const std::function<Status(std::string_view)>& check) {
    std::vector<engine::ToolExample> examples;
    if (text.empty()) return examples;
    ALV_ASSIGN_OR_RETURN(const auto form, schema::Schema::parse(kExamples));
    if (Status status = schema::validate_text(*form, text); !status.ok()) {
        return status.annotate("no array of {\"input\": \"...\", \"arguments\": {...}}");
    }
    for (const auto& item : nlohmann::ordered_json::parse(text)) {
        engine::ToolExample example;
        example.input = item["input"].get<std::string>();
        const std::string which =
            "example " + std::to_string(examples.size() + 1) + ", \"" + example.input + "\"";
        if (item.contains("arguments") == item.contains("answer")) {
            return invalid_argument(which + ": it needs \"arguments\" or \"answer\", not both");
        }
        if (item.contains("answer")) {
            example.answer = item["answer"].get<std::string>();
        } else {
            example.arguments = schema::in_style(item["arguments"]);
            if (Status status = check(example.arguments); !status.ok()) {
                return status.annotate(which);
            }
        }
        examples.push_back(std::move(example));
    }
    return examples;
}

Result<agent::Tool> read_tool(const alv_tool& given) {
    ALV_RETURN_IF_ERROR(check_flags(given.flags, ALV_TOOL_PARALLEL, "alv_tool.flags"));
    agent::Tool tool;
    ALV_ASSIGN_OR_RETURN(tool.spec.name, read_string(given.name, "alv_tool.name"));
    ALV_ASSIGN_OR_RETURN(tool.spec.description,
                         read_string(given.description, "alv_tool.description"));
    ALV_ASSIGN_OR_RETURN(tool.spec.parameters,
                         read_string(given.parameters, "alv_tool.parameters"));
    if (tool.spec.parameters.empty()) tool.spec.parameters = kNoParameters;
    auto check = checker(tool.spec.parameters);
    if (!check.ok()) {
        Status status = check.status();
        return status.annotate("alv_tool.parameters");
    }
    tool.check = std::move(check).value();
    ALV_ASSIGN_OR_RETURN(const std::string_view examples,
                         read_string(given.examples, "alv_tool.examples"));
    auto read = read_examples(examples, tool.check);
    if (!read.ok()) {
        Status status = read.status();
        return status.annotate("alv_tool.examples");
    }
    tool.spec.examples = std::move(read).value();
    tool.timeout =
        std::chrono::milliseconds(given.timeout_ms ? given.timeout_ms : kDefaultTimeoutMs);
    tool.max_result_bytes = given.max_result_bytes ? given.max_result_bytes : kDefaultResultBytes;
    tool.parallel = (given.flags & ALV_TOOL_PARALLEL) != 0;
    return tool;
}

Result<agent::ToolSettings> read_settings(const alv_tools_options& options,
                                          const agent::ToolList& tools) {
    ALV_RETURN_IF_ERROR(check_flags(options.flags, ALV_TOOLS_PARALLEL | ALV_TOOLS_BY_HOST,
                                    "alv_tools_options.flags"));
    if (options.choice > ALV_TOOL_CHOICE_NAMED) {
        return invalid_argument("alv_tools_options.choice is " + std::to_string(options.choice) +
                                ", which is no ALV_TOOL_CHOICE");
    }
    agent::ToolSettings settings;
    settings.choice = static_cast<engine::ToolChoice>(options.choice);
    ALV_ASSIGN_OR_RETURN(settings.tool_name,
                         read_string(options.tool_name, "alv_tools_options.tool_name"));
    if (settings.choice == engine::ToolChoice::kNamed &&
        !agent::find_tool(tools, settings.tool_name)) {
        return not_found("there is no tool named " + settings.tool_name);
    }
    settings.parallel = (options.flags & ALV_TOOLS_PARALLEL) != 0;
    settings.by_host = (options.flags & ALV_TOOLS_BY_HOST) != 0;
    if (options.max_rounds) settings.max_rounds = options.max_rounds;
    if (options.max_calls) settings.max_calls = options.max_calls;
    settings.time_limit = std::chrono::milliseconds(options.time_limit_ms);
    return settings;
}

// The call among the last messages that waits for a result.
Result<engine::ToolCall> open_call(const std::vector<engine::Message>& messages,
                                   std::string_view id) {
    for (size_t i = messages.size(); i-- > 0;) {
        if (messages[i].role == "tool") {
            if (messages[i].tool_call_id == id) break;  // it has its result
            continue;
        }
        for (const engine::ToolCall& call : messages[i].tool_calls) {
            if (call.id == id) return call;
        }
        break;
    }
    return not_found("the last messages have no call " + std::string(id) + " without a result");
}

}  // namespace
}  // namespace alv::api

using namespace alv;
using namespace alv::api;

void alv_tool_init(alv_tool* out_tool, uint32_t struct_size) {
    const alv_tool defaults = ALV_TOOL_INIT;
    init_struct(out_tool, struct_size, defaults);
}

void alv_tools_options_init(alv_tools_options* out_options, uint32_t struct_size) {
    const alv_tools_options defaults = ALV_TOOLS_OPTIONS_INIT;
    init_struct(out_options, struct_size, defaults);
}

alv_status alv_tools_create(alv_tools** out_tools, alv_error** out_error) {
    if (out_tools) *out_tools = nullptr;
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(out_tools);
        *out_tools = new alv_tools{std::make_shared<agent::Tools>()};
        return ok_status();
    });
}

void alv_tools_release(alv_tools* tools) {
    call_plain([&]() -> int {
        delete tools;
        return 0;
    });
}

alv_status alv_tools_add(alv_tools* tools, const alv_tool* given, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(tools);
        ALV_REQUIRE(given);
        const alv_tool defaults = ALV_TOOL_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_tool read, read_struct(given, defaults, "alv_tool"));
        ALV_ASSIGN_OR_RETURN(agent::Tool tool, read_tool(read));
        const auto handler = std::make_shared<HostTool>(read);
        tool.handler = handler;
        ALV_RETURN_IF_ERROR(tools->tools->add(std::move(tool)));
        handler->take();
        return ok_status();
    });
}

alv_status alv_tools_remove(alv_tools* tools, alv_string name, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(tools);
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(name, "name"));
        return tools->tools->remove(read);
    });
}

uint64_t alv_tools_count(alv_tools* tools) {
    return call_plain([&]() -> uint64_t { return tools ? tools->tools->list().size() : 0; });
}

alv_tool_call* alv_tool_call_retain(alv_tool_call* handle) {
    return call_plain([&]() -> alv_tool_call* {
        if (handle) from_handle(handle)->host_retain();
        return handle;
    });
}

void alv_tool_call_release(alv_tool_call* handle) {
    call_plain([&]() -> int {
        if (handle) from_handle(handle)->host_release();
        return 0;
    });
}

alv_string alv_tool_call_id(const alv_tool_call* handle) {
    const alv_string none = ALV_STRING_INIT;
    return handle ? view_of(from_handle(handle)->call().id) : none;
}

alv_string alv_tool_call_name(const alv_tool_call* handle) {
    const alv_string none = ALV_STRING_INIT;
    return handle ? view_of(from_handle(handle)->call().name) : none;
}

alv_string alv_tool_call_arguments(const alv_tool_call* handle) {
    const alv_string none = ALV_STRING_INIT;
    return handle ? view_of(from_handle(handle)->call().arguments) : none;
}

uint32_t alv_tool_call_is_open(const alv_tool_call* handle) {
    return call_plain([&] { return handle && !from_handle(handle)->closed() ? 1u : 0u; });
}

alv_status alv_tool_call_reply(alv_tool_call* handle, alv_string result, uint32_t flags,
                               alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(handle);
        ALV_RETURN_IF_ERROR(check_flags(flags, ALV_TOOL_RESULT_ERROR, "flags"));
        ALV_ASSIGN_OR_RETURN(const std::string_view read, read_string(result, "result"));
        return from_handle(handle)->reply(std::string(read), (flags & ALV_TOOL_RESULT_ERROR) != 0);
    });
}

alv_status alv_session_set_tools(alv_session* session, alv_tools* tools,
                                 const alv_tools_options* given, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        const alv_tools_options defaults = ALV_TOOLS_OPTIONS_INIT;
        ALV_ASSIGN_OR_RETURN(const alv_tools_options options,
                             read_struct(given, defaults, "alv_tools_options"));
        const agent::ToolList list = tools ? tools->tools->list() : agent::ToolList();
        ALV_ASSIGN_OR_RETURN(agent::ToolSettings settings, read_settings(options, list));
        session->attached.change([&](Attachments::All& all) {
            all.tools = tools ? tools->tools : nullptr;
            all.tool_settings = std::move(settings);
        });
        return ok_status();
    });
}

alv_status alv_session_append_tool_result(alv_session* session, alv_string call_id,
                                          alv_string result, alv_error** out_error) {
    return call(__func__, out_error, [&]() -> Status {
        ALV_REQUIRE(session);
        ALV_RETURN_IF_ERROR(check_process(*session->core));
        ALV_ASSIGN_OR_RETURN(const std::string_view id, read_string(call_id, "call_id"));
        ALV_ASSIGN_OR_RETURN(const std::string_view text, read_string(result, "result"));
        ALV_ASSIGN_OR_RETURN(engine::ToolCall call, open_call(session->history->all(), id));
        return session->history->append(
            {"tool", std::string(text), {}, std::move(call.id), std::move(call.name)});
    });
}
