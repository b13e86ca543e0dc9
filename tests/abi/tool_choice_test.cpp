// What a host asks of the calls: none, one, a certain one, several at once, so many and no more;
// and schemas that are refused.
#include "abi/talk.h"

namespace alv::test {
namespace {

// Two tools whose calls are written down.
struct Desk {
    std::string log;
    std::vector<alv_tool_call*> kept;  // of `later`
    bool keeps = false;
    std::atomic<int> n_kept{0};

    static alv_status call(void* user_data, alv_tool_call* call) {
        auto* self = static_cast<Desk*>(user_data);
        self->log += text_of(alv_tool_call_name(call)) + text_of(alv_tool_call_arguments(call));
        if (!self->keeps) return alv_tool_call_reply(call, alv_str("fine"), 0, nullptr);
        self->kept.push_back(alv_tool_call_retain(call));
        ++self->n_kept;
        return ALV_STATUS_OK;
    }
    alv_tools* tools() {
        alv_tools* out = nullptr;
        EXPECT_EQ(alv_tools_create(&out, nullptr), ALV_STATUS_OK);
        for (const char* name : {"one", "two"}) {
            alv_tool tool = ALV_TOOL_INIT;
            tool.name = alv_str(name);
            tool.flags = ALV_TOOL_PARALLEL;
            tool.callback = call;
            tool.user_data = this;
            EXPECT_EQ(alv_tools_add(out, &tool, nullptr), ALV_STATUS_OK);
        }
        return out;
    }
    void give(Host& host, const alv_tools_options& options) {
        alv_tools* list = tools();
        Failure failure;
        EXPECT_EQ(alv_session_set_tools(host.session, list, &options, failure.out()), ALV_STATUS_OK)
            << failure.message();
        alv_tools_release(list);
    }
};

std::string call_of(const char* tool) {
    return std::string("{\"function\": \"") + tool + "\", \"parameters\": {}}";
}
std::string calls_first(const std::string& prompt) {
    return prompt.find("Result of ") == prompt.npos ? call_of("one") : "done";
}

TEST(ToolChoice, NoneLetsTheModelOnlyTalk) {
    Host host;
    host.with_session();
    host.world->next = talking(calls_first);
    Desk desk;
    alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
    options.choice = ALV_TOOL_CHOICE_NONE;
    desk.give(host, options);
    EXPECT_EQ(ask(host.session, "x").text, call_of("one")) << "words that look like a call";
    EXPECT_EQ(desk.log, "");
}

TEST(ToolChoice, RequiredAndNamedCallWhateverTheModelWants) {
    for (const uint32_t choice : {ALV_TOOL_CHOICE_REQUIRED, ALV_TOOL_CHOICE_NAMED}) {
        Host host;
        host.with_session();
        host.world->next = talking([](const std::string&) { return "I would rather talk."; });
        Desk desk;
        alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
        options.choice = choice;
        options.tool_name = alv_str(choice == ALV_TOOL_CHOICE_NAMED ? "two" : nullptr);
        desk.give(host, options);
        EXPECT_EQ(ask(host.session, "x").text, "I would rather talk.");
        if (choice == ALV_TOOL_CHOICE_NAMED) {
            EXPECT_EQ(desk.log, "two{}");
        } else {
            EXPECT_TRUE(desk.log == "one{}" || desk.log == "two{}") << desk.log;
        }
    }
    Host host;
    host.with_session();
    Desk desk;
    alv_tools* tools = desk.tools();
    alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
    options.choice = ALV_TOOL_CHOICE_NAMED;
    options.tool_name = alv_str("three");
    EXPECT_EQ(alv_session_set_tools(host.session, tools, &options, nullptr), ALV_STATUS_NOT_FOUND);
    options.choice = 4;
    EXPECT_EQ(alv_session_set_tools(host.session, tools, &options, nullptr),
              ALV_STATUS_INVALID_ARGUMENT);
    alv_tools_release(tools);
}

TEST(ToolChoice, AModelThatOnlyCallsHasToAnswerAtTheLimit) {
    for (const bool rounds : {true, false}) {
        Host host;
        host.with_session();
        host.world->next = talking([](const std::string&) { return call_of("one"); });
        Desk desk;
        alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
        (rounds ? options.max_rounds : options.max_calls) = 2;
        desk.give(host, options);
        const Reply reply = ask(host.session, "x");
        EXPECT_EQ(desk.log, "one{}one{}");
        EXPECT_EQ(reply.finish, ALV_FINISH_END_TOKEN);
        EXPECT_FALSE(reply.text.empty());
        EXPECT_NE(reply.text.front(), '{') << "in words";
        EXPECT_EQ(alv_session_message_count(host.session), 6u);
    }
}

// They wait for each other's answers at the same time.
TEST(ToolChoice, CallsThatMayBeParallelAreOnTheirWayTogether) {
    auto world = std::make_shared<FakeWorld>();
    world->context = 2048;
    world->pool_tokens = 4096;
    world->chat_template =
        "{# <tool_call> #}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + "
        "'<|im_end|>\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}";
    Host host(0, world);
    host.with_session();
    const std::string call = "<tool_call>\n{\"name\": \"one\", \"arguments\": {}}\n</tool_call>";
    world->next = talking([&](const std::string& prompt) {
        return prompt.find("Result of ") == prompt.npos ? call + "\n" + call : "done";
    });
    Desk desk;
    desk.keeps = true;
    alv_tools_options options = ALV_TOOLS_OPTIONS_INIT;
    options.flags = ALV_TOOLS_PARALLEL;
    desk.give(host, options);
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("x"), nullptr),
              ALV_STATUS_OK);
    alv_generation* generation = nullptr;
    ASSERT_EQ(alv_session_generate(host.session, nullptr, &generation, nullptr), ALV_STATUS_OK);
    for (int i = 0; i < 30'000 && desk.n_kept < 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(desk.n_kept, 2);
    for (size_t i = 2; i-- > 0;) {
        std::thread([&, i] {
            EXPECT_EQ(
                alv_tool_call_reply(desk.kept[i], alv_str(i ? "second" : "first"), 0, nullptr),
                ALV_STATUS_OK);
            alv_tool_call_release(desk.kept[i]);
        }).join();
    }
    EXPECT_EQ(read_all(generation).text, "done");
    alv_generation_release(generation);
    EXPECT_EQ(message_at(host.session, 2), "first") << "in the order of the calls";
    EXPECT_EQ(message_at(host.session, 3), "second");
}

TEST(ToolChoice, ASchemaThatCannotBeKeptIsRefusedByNameWhenTheToolIsAdded) {
    alv_tools* tools = nullptr;
    ASSERT_EQ(alv_tools_create(&tools, nullptr), ALV_STATUS_OK);
    for (const auto& [schema, status, word] :
         {std::tuple{R"({"type": "object", "properties": {"a": {"uniqueItems": true}}})",
                     ALV_STATUS_UNSUPPORTED, "uniqueItems"},
          {R"({"type": "object", "dependentRequired": {}})", ALV_STATUS_UNSUPPORTED,
           "dependentRequired"},
          {R"({"type": "array"})", ALV_STATUS_INVALID_ARGUMENT, "object"},
          {"{", ALV_STATUS_INVALID_ARGUMENT, "JSON"}}) {
        Desk desk;
        alv_tool tool = ALV_TOOL_INIT;
        tool.name = alv_str("f");
        tool.parameters = alv_str(schema);
        tool.callback = Desk::call;
        Failure failure;
        EXPECT_EQ(alv_tools_add(tools, &tool, failure.out()), status) << schema;
        EXPECT_NE(failure.message().find(word), std::string::npos) << failure.message();
    }
    EXPECT_EQ(alv_tools_count(tools), 0u);
    alv_tools_release(tools);
}

TEST(ToolChoice, ASchemaThatCannotFitIsRefused) {
    Host host;
    host.with_session();
    ASSERT_EQ(alv_session_append(host.session, alv_str("user"), alv_str("x"), nullptr),
              ALV_STATUS_OK);
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = 10;
    options.response_schema = alv_str(R"({"type": "string", "minLength": 9})");
    alv_generation* generation = nullptr;
    ASSERT_EQ(alv_session_generate(host.session, &options, &generation, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(read_all(generation).failed, ALV_STATUS_LIMIT_EXCEEDED);
    alv_generation_release(generation);
    options.max_tokens = 11;
    ASSERT_EQ(alv_session_generate(host.session, &options, &generation, nullptr), ALV_STATUS_OK);
    const Reply reply = read_all(generation);
    EXPECT_EQ(reply.failed, ALV_STATUS_OK);
    EXPECT_EQ(reply.text.front(), '"');
    EXPECT_EQ(reply.text.back(), '"');
    alv_generation_release(generation);
}

}  // namespace
}  // namespace alv::test
