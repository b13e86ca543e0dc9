// Calls that the real model makes at a high temperature: every one parses and matches its schema.
// ALV_TEST_TOOL_CALLS: how many (40).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "local/real_model.h"
#include "schema/schema.h"

namespace alv::local::test {
namespace {

struct Tool {
    const char* name;
    const char* description;
    const char* parameters;
};

constexpr std::array<Tool, 20> kTools = {{
    {"get_weather", "Tells the weather of a city.",
     R"({"type":"object","properties":{"city":{"type":"string","maxLength":20},
         "unit":{"enum":["celsius","fahrenheit"]}},"required":["city"]})"},
    {"set_timer", "Sets a timer.",
     R"({"type":"object","properties":{"minutes":{"type":"integer","minimum":1,"maximum":90}},
         "required":["minutes"]})"},
    {"set_light", "Switches a lamp.",
     R"({"type":"object","properties":{"on":{"type":"boolean"},"level":{"type":"number",
         "minimum":0,"maximum":1}},"required":["on","level"]})"},
    {"add_items", "Puts items on the list.",
     R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"string",
         "minLength":1,"maxLength":12},"minItems":1,"maxItems":3}},"required":["items"]})"},
    {"move", "Moves the player.",
     R"({"type":"object","properties":{"direction":{"enum":["north","south","east","west"]},
         "steps":{"type":"integer","minimum":-9,"maximum":9}},"required":["direction","steps"]})"},
    {"book_table", "Books a table.",
     R"({"type":"object","properties":{"date":{"type":"string",
         "pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},"guests":{"type":"integer","minimum":1,
         "maximum":12}},"required":["date","guests"]})"},
    {"send_mail", "Sends a message.",
     R"({"type":"object","properties":{"to":{"type":"string","pattern":"^[a-z]{1,8}@[a-z]{1,8}$"},
         "subject":{"type":"string","maxLength":24}},"required":["to","subject"]})"},
    {"convert", "Converts a number.",
     R"({"type":"object","properties":{"value":{"type":"number"},"from":{"const":"km"},
         "to":{"enum":["mi","m"]}},"required":["value","from","to"]})"},
    {"nested", "Stores a record.",
     R"({"type":"object","properties":{"who":{"type":"object","properties":{"name":{
         "type":"string","maxLength":10},"age":{"type":"integer","minimum":0,"maximum":120}},
         "required":["name","age"]}},"required":["who"]})"},
    {"either", "Takes a number or a word.",
     R"({"type":"object","properties":{"value":{"anyOf":[{"type":"integer"},{"type":"string",
         "maxLength":8}]}},"required":["value"]})"},
    {"nothing", "Needs nothing.", R"({"type":"object","properties":{}})"},
    {"maybe", "All may be left out.",
     R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"},
         "c":{"type":"null"}}})"},
    {"matrix", "Takes a small matrix.",
     R"({"type":"object","properties":{"rows":{"type":"array","minItems":2,"maxItems":2,"items":{
         "type":"array","minItems":2,"maxItems":2,"items":{"type":"integer","minimum":0,
         "maximum":9}}}},"required":["rows"]})"},
    {"pair", "Takes a name and a number.",
     R"({"type":"object","properties":{"pair":{"type":"array","prefixItems":[{"type":"string",
         "maxLength":8},{"type":"integer"}],"items":false,"minItems":2}},"required":["pair"]})"},
    {"tree", "Takes a tree.",
     R"({"type":"object","properties":{"tree":{"$ref":"#/$defs/node"}},"required":["tree"],
         "$defs":{"node":{"type":"object","properties":{"v":{"type":"integer","minimum":0,
         "maximum":99},"next":{"$ref":"#/$defs/node"}},"required":["v"]}}})"},
    {"one_of", "Takes a circle or a square.",
     R"({"type":"object","properties":{"shape":{"oneOf":[{"type":"object","properties":{"kind":{
         "const":"circle"},"r":{"type":"number"}},"required":["kind","r"]},{"type":"object",
         "properties":{"kind":{"const":"square"},"a":{"type":"number"}},
         "required":["kind","a"]}]}},"required":["shape"]})"},
    {"range", "Takes two bounds.",
     R"({"type":"object","properties":{"low":{"type":"number","exclusiveMinimum":-10,
         "maximum":0},"high":{"type":"integer","minimum":100,"maximum":2500}},
         "required":["low","high"]})"},
    {"choose", "Chooses a colour.",
     R"({"type":"object","properties":{"colour":{"enum":["red","green","blue",null,3]}},
         "required":["colour"]})"},
    {"unicode", "Takes a word.",
     R"({"type":"object","properties":{"name":{"enum":["Žofie","東京","naïve \"x\""]}},
         "required":["name"]})"},
    {"code", "Takes a code.",
     R"({"type":"object","properties":{"code":{"type":"string",
         "pattern":"^(AB|CD)-[A-F0-9]{2,4}$"}},"required":["code"]})"},
}};

engine::Request call_request(size_t i) {
    const Tool& tool = kTools[i % kTools.size()];
    engine::Request request;
    request.prompt.messages = {{"user", std::string("Please: ") + tool.description}};
    request.tool_use.tools = {{tool.name, tool.description, tool.parameters}};
    request.tool_use.choice = engine::ToolChoice::kRequired;
    request.sampling.temperature = 1.5f;
    request.sampling.seed = i;
    request.max_tokens = 96;
    return request;
}

// What one call says, or why there is none.
void expect_a_valid_call(const Listener& heard, const Tool& tool, size_t i) {
    SCOPED_TRACE(std::string(tool.name) + ", call " + std::to_string(i));
    ASSERT_EQ(heard.status().message(), "");
    ASSERT_EQ(heard.finish(), engine::FinishReason::kToolCalls);
    EXPECT_EQ(heard.text, "");
    std::vector<engine::ToolCall> calls;
    for (const engine::Event& event : heard.events) {
        if (event.type == engine::EventType::kToolCall) calls.push_back(event.tool_call);
    }
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].name, tool.name);
    const auto schema = schema::Schema::parse(tool.parameters);
    ASSERT_TRUE(schema.ok()) << schema.status().message();
    const Status valid = schema::validate_text(**schema, calls[0].arguments);
    EXPECT_TRUE(valid.ok()) << calls[0].arguments << " " << valid.message();
}

TEST_F(RealModel, EveryCallParsesAndMatchesAtAHighTemperature) {
    const char* wanted = std::getenv("ALV_TEST_TOOL_CALLS");
    const size_t n = wanted ? std::strtoul(wanted, nullptr, 10) : 40;
    ASSERT_GT(n, 0u);
    std::vector<std::shared_ptr<engine::Conversation>> conversations;
    for (size_t i = 0; i < kTools.size(); ++i) {
        conversations.push_back(open());  // one a tool: its prompt stays cached
    }
    size_t most_at_once = 0;
    for (size_t begin = 0; begin < n; begin += kTools.size()) {  // a wave: a call of each tool
        std::vector<std::shared_ptr<Listener>> wave;
        size_t in_flight = 0;  // between their first token and their end
        for (size_t i = begin; i < std::min(n, begin + kTools.size()); ++i) {
            auto heard = std::make_shared<Listener>();
            heard->react = [&, self = heard.get()](const engine::Event& event) {
                if (event.type == engine::EventType::kToken && self->tokens.size() == 1) {
                    most_at_once = std::max(most_at_once, ++in_flight);
                }
                if (event.type == engine::EventType::kDone && !self->tokens.empty()) --in_flight;
                return true;
            };
            engine::Request request = call_request(i);
            request.conversation = conversations[i % conversations.size()];
            ASSERT_TRUE(model->submit(std::move(request), heard).ok());
            wave.push_back(std::move(heard));
        }
        drive(wave);
        for (size_t i = 0; i < wave.size(); ++i) {
            expect_a_valid_call(*wave[i], kTools[i], begin + i);
        }
        ASSERT_FALSE(HasFailure());
    }
    EXPECT_GE(most_at_once, std::min(n, kTools.size()) / 4) << "they did not run side by side";
    RecordProperty("most_at_once", static_cast<int>(most_at_once));
    std::printf("%zu calls, up to %zu at once\n", n, most_at_once);
}

}  // namespace
}  // namespace alv::local::test
