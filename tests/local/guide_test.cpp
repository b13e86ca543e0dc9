// Replies that keep to a grammar, on the fake model, whose own wishes are other ones.
#include "local/guide.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/harness.h"
#include "schema/schema.h"

namespace alv::local::test {
namespace {

constexpr const char* kColour = R"({"type": "object", "properties": {"colour": {"enum":
    ["red", "green"]}, "n": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["colour", "n"]})";

std::shared_ptr<FakeWorld> world() {
    auto made = std::make_shared<FakeWorld>();
    made->pool_tokens = 4096;
    made->context = 2048;
    return made;
}

engine::Request constrained(const Harness& host, engine::Constraint::Kind kind,
                            const std::string& text, uint32_t max_tokens) {
    engine::Request request = Harness::request(const_cast<Harness&>(host).open(), "go", max_tokens);
    request.constraint = {kind, text};
    return request;
}

engine::Request by_schema(const Harness& host, const std::string& schema, uint32_t max_tokens) {
    return constrained(host, engine::Constraint::Kind::kJsonSchema, schema, max_tokens);
}

engine::Request by_grammar(const Harness& host, const std::string& grammar, uint32_t max_tokens) {
    return constrained(host, engine::Constraint::Kind::kGrammar, grammar, max_tokens);
}

// A model that wants to say `wish`, whatever it is allowed to.
FakeWorld::Next wishing(std::string wish) {
    return [wish = std::move(wish)](std::span<const TokenId> context, const model::SamplerParams&) {
        const size_t at = context.size() - 2;  // after the prompt "go"
        return at < wish.size() ? static_cast<TokenId>(static_cast<uint8_t>(wish[at])) : kEos;
    };
}

TEST(Guide, AReplyMatchesItsSchemaWhateverTheModelWants) {
    Harness host(world());
    const auto schema = schema::Schema::parse(kColour).value();
    for (const uint32_t n : {0u, 30u, 40u, 200u}) {
        const auto heard = host.run(by_schema(host, kColour, n));
        ASSERT_EQ(heard->status().message(), "");
        EXPECT_EQ(heard->finish(), engine::FinishReason::kEndToken);
        EXPECT_TRUE(schema::validate_text(*schema, heard->text).ok()) << heard->text;
    }
}

TEST(Guide, ASchemaThatCannotFitIsRefused) {
    Harness host(world());
    const auto heard = host.run(by_schema(host, kColour, 10));
    EXPECT_EQ(heard->status().code(), Code::kLimitExceeded);
    EXPECT_TRUE(heard->tokens.empty());
}

TEST(Guide, AnUnsupportedKeywordIsRefusedByName) {
    Harness host(world());
    const auto heard = host.run(by_schema(host, R"({"if": {}, "then": {}})", 100));
    EXPECT_EQ(heard->status().code(), Code::kUnsupported);
    EXPECT_NE(heard->status().message().find("if"), std::string::npos) << heard->status().message();
}

TEST(Guide, AReplyClosesInTimeWhenTheModelWouldGoOn) {
    Harness host(world());
    host.world->next = wishing(std::string(500, '1'));
    // As many digits as there is room for, and the bracket.
    for (const uint32_t n : {3u, 4u, 17u, 64u}) {
        const auto heard = host.run(by_grammar(host, R"(root ::= "[" [0-9]+ "]")", n));
        ASSERT_EQ(heard->status().message(), "");
        EXPECT_EQ(heard->text, "[" + std::string(n - 2, '1') + "]");
        EXPECT_EQ(heard->tokens.size(), n);
    }
}

TEST(Guide, TheContextIsRoomToo) {
    auto small = world();
    Harness host(small);
    host.world->next = wishing(std::string(500, '1'));
    engine::Request request = by_grammar(host, R"(root ::= "[" [0-9]+ "]")", 0);
    request.conversation = host.open(32);
    const auto heard = host.run(std::move(request));
    ASSERT_EQ(heard->status().message(), "");
    EXPECT_EQ(heard->text.front(), '[');
    EXPECT_EQ(heard->text.back(), ']');
}

TEST(Guide, TextThatCanBeNoOtherIsNotDrawn) {
    Harness host(world());
    const auto heard = host.run(by_grammar(host, R"(root ::= [ab] " is the answer" [cd])", 100));
    ASSERT_EQ(heard->status().message(), "");
    EXPECT_EQ(heard->text.substr(1, 14), " is the answer");
    size_t drawn = 0;
    for (const FakeWorld::StepNote& step : host.world->steps()) drawn += step.sample ? 1 : 0;
    EXPECT_LE(drawn, 3u);
    EXPECT_EQ(heard->tokens.size(), heard->text.size());
    EXPECT_EQ(heard->usage().generated_tokens, heard->text.size());
}

TEST(Guide, WithLogprobabilitiesEveryTokenIsDrawn) {
    Harness host(world());
    engine::Request request = by_grammar(host, R"(root ::= [ab] " is the answer" [cd])", 100);
    request.n_top = 2;
    const auto heard = host.run(std::move(request));
    ASSERT_EQ(heard->status().message(), "");
    for (const engine::Event& event : heard->events) {
        if (event.type != engine::EventType::kToken) continue;
        EXPECT_EQ(event.top.size(), 2u);
    }
}

TEST(Guide, TheModelMayEndWhereTheGrammarMay) {
    Harness host(world());
    host.world->next = wishing("42");
    const auto heard = host.run(by_grammar(host, "root ::= [0-9]+", 100));
    EXPECT_EQ(heard->text, "42");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kEndToken);
    EXPECT_EQ(heard->tokens.back(), kEos);
}

TEST(Guide, AStopStringStillStops) {
    Harness host(world());
    host.world->next = wishing("1234567890");
    engine::Request request = by_grammar(host, "root ::= [0-9]+", 100);
    request.stop_strings = {"56"};
    const auto heard = host.run(std::move(request));
    EXPECT_EQ(heard->text, "1234");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kStopString);
}

engine::ToolUse tools(engine::ToolChoice choice) {
    engine::ToolUse use;
    use.tools = {{"paint", "Paints.", kColour},
                 {"wait", "Waits.", R"({"type": "object", "properties": {}})"}};
    use.choice = choice;
    return use;
}

engine::Request calling(Harness& host, engine::ToolChoice choice) {
    engine::Request request = Harness::request(host.open(), "go", 200);
    request.tool_use = tools(choice);
    return request;
}

std::vector<engine::ToolCall> calls_of(const Listener& heard) {
    std::vector<engine::ToolCall> calls;
    for (const engine::Event& event : heard.events) {
        if (event.type == engine::EventType::kToolCall) calls.push_back(event.tool_call);
    }
    return calls;
}

void expect_valid(const engine::ToolCall& call) {
    for (const engine::ToolSpec& tool : tools(engine::ToolChoice::kAuto).tools) {
        if (tool.name != call.name) continue;
        const auto schema = schema::Schema::parse(tool.parameters).value();
        EXPECT_TRUE(schema::validate_text(*schema, call.arguments).ok()) << call.arguments;
        return;
    }
    FAIL() << "no tool has the name " << call.name;
}

constexpr const char* kHermes = "<tool_call>{{ tools }}";
constexpr const char* kMistral = "[TOOL_CALLS]";

TEST(GuideCalls, ARequiredCallIsMadeInEveryFamily) {
    for (const char* chat_template : {"", kHermes, kMistral, "<|start_header_id|>"}) {
        auto fake = world();
        fake->chat_template = chat_template;
        Harness host(fake);
        const auto heard = host.run(calling(host, engine::ToolChoice::kRequired));
        ASSERT_EQ(heard->status().message(), "") << chat_template;
        EXPECT_EQ(heard->finish(), engine::FinishReason::kToolCalls);
        EXPECT_EQ(heard->text, "");
        const auto calls = calls_of(*heard);
        ASSERT_EQ(calls.size(), 1u);
        expect_valid(calls[0]);
        EXPECT_EQ(calls[0].id, "call00001");
    }
}

TEST(GuideCalls, ANamedToolIsTheOneCalled) {
    for (const char* name : {"paint", "wait"}) {
        Harness host(world());
        engine::Request request = calling(host, engine::ToolChoice::kNamed);
        request.tool_use.tool_name = name;
        request.tool_use.n_calls_before = 41;
        const auto heard = host.run(std::move(request));
        const auto calls = calls_of(*heard);
        ASSERT_EQ(calls.size(), 1u) << heard->status().message();
        EXPECT_EQ(calls[0].name, name);
        EXPECT_EQ(calls[0].id, "call00042");
    }
}

TEST(GuideCalls, AModelThatMayCallMayAlsoTalk) {
    Harness host(world());
    host.world->next = wishing("  hello {\"function\"");
    const auto heard = host.run(calling(host, engine::ToolChoice::kAuto));
    EXPECT_EQ(heard->text, "  hello {\"function\"");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kEndToken);
    EXPECT_TRUE(calls_of(*heard).empty());
}

TEST(GuideCalls, ACallThatBeginsIsLedToItsEnd) {
    Harness host(world());
    host.world->next = wishing("\n{\"x");
    const auto heard = host.run(calling(host, engine::ToolChoice::kAuto));
    ASSERT_EQ(heard->status().message(), "");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kToolCalls);
    ASSERT_EQ(calls_of(*heard).size(), 1u);
    expect_valid(calls_of(*heard)[0]);
    EXPECT_EQ(heard->text, "") << "white space before a call is not shown";
}

TEST(GuideCalls, TextBeforeACallIsShownAndTheCallIsNot) {
    auto fake = world();
    fake->chat_template = kHermes;
    Harness host(fake);
    host.world->next = wishing("Let me see. <tool <tool_call>nonsense");
    const auto heard = host.run(calling(host, engine::ToolChoice::kAuto));
    ASSERT_EQ(heard->status().message(), "");
    EXPECT_EQ(heard->text, "Let me see. <tool ");
    EXPECT_EQ(heard->finish(), engine::FinishReason::kToolCalls);
    ASSERT_EQ(calls_of(*heard).size(), 1u);
    expect_valid(calls_of(*heard)[0]);
}

TEST(GuideCalls, SeveralCallsInOneReply) {
    auto fake = world();
    fake->chat_template = kHermes;
    Harness host(fake);
    const std::string one = "<tool_call>\n{\"name\": \"wait\", \"arguments\": {}}\n</tool_call>";
    host.world->next = wishing(one + "\n" + one + "\n" + one);
    engine::Request request = calling(host, engine::ToolChoice::kRequired);
    request.tool_use.parallel = true;
    request.n_top = 1;  // nothing is forced: the fake's wish is followed byte by byte
    const auto heard = host.run(std::move(request));
    ASSERT_EQ(heard->status().message(), "");
    ASSERT_EQ(calls_of(*heard).size(), 3u);
    EXPECT_EQ(calls_of(*heard)[2].id, "call00003");
}

TEST(GuideCalls, NoToolsMeansNoCalls) {
    Harness host(world());
    host.world->next = wishing("{\"function\": 1}");
    const auto heard = host.run(calling(host, engine::ToolChoice::kNone));
    EXPECT_EQ(heard->text, "{\"function\": 1}");
    EXPECT_TRUE(calls_of(*heard).empty());
}

TEST(GuideCalls, AfterAResultARoundWithoutCallsAnswersInWords) {
    Harness host(world());
    host.world->next = [](std::span<const TokenId>, const model::SamplerParams&) {
        return static_cast<TokenId>('{');
    };
    engine::Request request = calling(host, engine::ToolChoice::kNone);
    request.prompt = {};
    request.prompt.messages = {{"user", "go"}, {"tool", "done", {}, "call00001", "wait"}};
    request.max_tokens = 8;
    const auto heard = host.run(std::move(request));
    ASSERT_EQ(heard->status().message(), "");
    const size_t first = heard->text.find_first_not_of(" \t\r\n");
    ASSERT_NE(first, std::string::npos);
    EXPECT_NE(heard->text[first], '{') << heard->text;
    EXPECT_TRUE(calls_of(*heard).empty());
}

TEST(GuideCalls, ABadToolIsRefused) {
    Harness host(world());
    engine::Request request = calling(host, engine::ToolChoice::kAuto);
    request.tool_use.tools[0].parameters = R"({"not": {}})";
    const auto heard = host.run(std::move(request));
    EXPECT_EQ(heard->status().code(), Code::kUnsupported);
    EXPECT_NE(heard->status().message().find("paint"), std::string::npos);
}

}  // namespace
}  // namespace alv::local::test
