// Examples that a host gives with a tool: read at registration, shown to the model.
#include "abi/talk.h"

namespace alv::test {
namespace {

constexpr const char* kParameters = R"({"type": "object", "properties": {"city": {"type": "string",
    "maxLength": 9}, "days": {"type": "integer"}}, "required": ["city"]})";

alv_tool weather(const char* examples) {
    alv_tool tool = ALV_TOOL_INIT;
    tool.name = alv_str("weather");
    tool.description = alv_str("The weather");
    tool.parameters = alv_str(kParameters);
    tool.examples = alv_str(examples);
    tool.callback = [](void*, alv_tool_call* call) {
        return alv_tool_call_reply(call, alv_str("sunny"), 0, nullptr);
    };
    return tool;
}

class Tools {
  public:
    Tools() { EXPECT_EQ(alv_tools_create(&tools, nullptr), ALV_STATUS_OK); }
    ~Tools() { alv_tools_release(tools); }
    alv_status add(const alv_tool& tool) { return alv_tools_add(tools, &tool, failure.out()); }

    alv_tools* tools = nullptr;
    Failure failure;
};

TEST(ToolExamples, TheModelReadsThemBeforeTheConversation) {
    Host host;
    host.world->context = host.world->pool_tokens = 2048;
    host.with_session();
    std::string seen;
    host.world->next = talking([&](const std::string& prompt) {
        seen = prompt;
        return "Good.";
    });
    Tools tools;
    ASSERT_EQ(tools.add(weather(R"([{"input": "Cold in Oslo?", "arguments":{"city":"Oslo",
        "days":2}}, {"arguments": {"city": "Rome"}, "input": "And \"Rome\"?"}, {"input": "Hi", "answer": "Hello!"}])")),
              ALV_STATUS_OK)
        << tools.failure.message();
    ASSERT_EQ(alv_session_set_tools(host.session, tools.tools, nullptr, nullptr), ALV_STATUS_OK);
    EXPECT_EQ(ask(host.session, "when?").text, "Good.");
    // In the style in which calls are drawn, whatever the host's JSON looks like.
    EXPECT_NE(seen.find("user\nCold in Oslo?|\n|assistant\n{\"function\": \"weather\", "
                        "\"parameters\": {\"city\": \"Oslo\", \"days\": 2}}|\n|user\n"
                        "And \"Rome\"?|\n|assistant\n{\"function\": \"weather\", \"parameters\": "
                        "{\"city\": \"Rome\"}}|\n|user\nHi|\n|assistant\nHello!|\n|user\nwhen?|"),
              std::string::npos)
        << seen;
    EXPECT_EQ(alv_session_message_count(host.session), 2u) << "they are no messages";
}

TEST(ToolExamples, OneThatCannotBeIsRefusedByNumberAndPlace) {
    const struct {
        const char* examples;
        const char* word;
    } wrong[] = {
        {"no JSON", "JSON"},
        {R"({"input": "x", "arguments": {}})", "array"},
        {R"([{"input": "x"}])", "arguments"},
        {R"([{"input": "x", "arguments": {"city": "Oslo"}, "answer": "y"}])", "not both"},
        {R"([{"input": "x", "answer": ""}])", "answer"},
        {R"([{"input": "", "arguments": {"city": "Oslo"}}])", "input"},
        {R"([{"input": 3, "arguments": {"city": "Oslo"}}])", "input"},
        {R"([{"input": "x", "arguments": "Oslo"}])", "arguments"},
        {R"([{"input": "x", "arguments": {"city": "Oslo"}, "output": "y"}])", "output"},
        {R"([{"input": "x", "arguments": {"city": "Oslo"}},
             {"input": "Far?", "arguments": {"city": "Llanfairpwll"}}])",
         "example 2, \"Far?\""},
        {R"([{"input": "x", "arguments": {}}])", "city"},
        {R"([{"input": "x", "arguments": {"city": "Oslo", "days": 1e999}}])", "JSON"},
    };
    for (const auto& [examples, word] : wrong) {
        Tools tools;
        EXPECT_EQ(tools.add(weather(examples)), ALV_STATUS_INVALID_ARGUMENT) << examples;
        const std::string message = tools.failure.message();
        EXPECT_NE(message.find("alv_tool.examples"), std::string::npos) << message;
        EXPECT_NE(message.find(word), std::string::npos) << message;
        EXPECT_EQ(alv_tools_count(tools.tools), 0u);
    }
}

TEST(ToolExamples, SixteenAreTheMost) {
    for (const size_t n : {size_t{16}, size_t{17}}) {
        std::string examples;
        for (size_t i = 0; i < n; ++i) {
            examples += std::string(i ? "," : "[") + R"({"input":"x","arguments":{"city":"y"}})";
        }
        Tools tools;
        EXPECT_EQ(tools.add(weather((examples + "]").c_str())),
                  n == 16 ? ALV_STATUS_OK : ALV_STATUS_INVALID_ARGUMENT);
    }
}

TEST(ToolExamples, TooDeepANestIsRefused) {
    std::string deep = R"([{"input": "x", "arguments": )";
    for (int i = 0; i < 100'000; ++i) deep += "[";
    Tools tools;
    EXPECT_NE(tools.add(weather(deep.c_str())), ALV_STATUS_OK);
}

TEST(ToolExamples, AHostOfBeforeTheyWereThereWorks) {
    alv_tool tool = weather("no JSON");
    tool.struct_size = 88;
    Tools tools;
    EXPECT_EQ(tools.add(tool), ALV_STATUS_OK) << tools.failure.message();
}

}  // namespace
}  // namespace alv::test
