#include "local/prompt.h"

#include <algorithm>
#include <ctime>

#include "base/json.h"

namespace alv::local {
namespace {

using Json = OrderedJson;

constexpr const char* kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ "
    "'<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

// The turns that Gemma was trained on; its system message is the beginning of the user's first.
constexpr const char* kGemmaTurns =
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] + '\n\n' %}{% set turns = messages[1:] %}"
    "{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}"
    "{% for message in turns %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + (system if loop.first else '') + message['content'] "
    "+ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

// No special token tells a role from a text that looks like one: only the lines that begin at the
// margin do, and what somebody says is indented from its second line on.
constexpr const char* kPlainLines =
    "{{ bos_token }}{% for message in messages %}{{ message['role'] + ': ' + "
    "message['content'] | replace('\\r', '\\n') | replace('\\n', '\\n  ') + "
    "'\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

// What a template that takes tools reads of a message besides its role and content.
std::string extra_of(const engine::Message& message) {
    Json calls = Json::array();
    for (const engine::ToolCall& call : message.tool_calls) {
        Json arguments = Json::parse(call.arguments, nullptr, false);
        if (arguments.is_discarded()) arguments = Json::object();
        Json function = Json::object();
        function["name"] = call.name;
        function["arguments"] = std::move(arguments);
        Json entry = Json::object();
        entry["id"] = call.id;
        entry["type"] = "function";
        entry["function"] = std::move(function);
        calls.push_back(std::move(entry));
    }
    Json extra = Json::object();
    if (!calls.empty()) extra["tool_calls"] = std::move(calls);
    if (!message.tool_call_id.empty()) extra["tool_call_id"] = message.tool_call_id;
    if (!message.tool_name.empty()) extra["name"] = message.tool_name;
    return extra.empty() ? std::string()
                         : extra.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// For a template that knows no tools: calls are text of the assistant, results text of the user.
std::vector<text::ChatMessage> plain_messages(const TextSide& side,
                                              std::span<const engine::Message> messages) {
    std::vector<text::ChatMessage> out;
    bool after_tool = false;
    for (const engine::Message& message : messages) {
        const bool tool = message.role == "tool";
        if (tool) {
            const std::string result = "Result of " + message.tool_name + ": " + message.content;
            if (after_tool) {
                out.back().content += "\n" + result;
            } else {
                out.push_back({"user", result});
            }
        } else {
            std::string content = message.content;
            if (!message.tool_calls.empty()) {
                if (!content.empty()) content += "\n";
                content += side.tool_syntax->render(message.tool_calls);
            }
            out.push_back({message.role, std::move(content)});
        }
        after_tool = tool;
    }
    return out;
}

void add_to_system(std::vector<text::ChatMessage>& messages, const std::string& text) {
    if (messages.empty() || messages.front().role != "system") {
        messages.insert(messages.begin(), {"system", text});
    } else {
        messages.front().content += "\n\n" + text;
    }
}

std::string special_text(const text::Tokenizer& tokenizer, text::TokenId token) {
    return token == text::kNoToken ? std::string() : tokenizer.decode(token, true);
}

}  // namespace

Status set_chat_template(TextSide& side, const std::string& source) {
    std::string chosen = source;
    if (chosen.empty()) {
        const auto& tokens = side.tokenizer->vocabulary().tokens;
        const auto knows = [&](const char* token) {
            return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
        };
        chosen = knows("<|im_start|>")      ? kChatMl
                 : knows("<start_of_turn>") ? kGemmaTurns
                                            : kPlainLines;
    }
    ALV_ASSIGN_OR_RETURN(auto parsed, text::ChatTemplate::parse(chosen));
    side.chat_template = std::move(parsed);
    side.tool_syntax = &pick_tool_syntax(chosen);
    side.template_takes_tools = takes_tools(chosen);
    return ok_status();
}

Result<std::vector<text::RenderedPart>> render_messages(const TextSide& side,
                                                        std::span<const engine::Message> messages,
                                                        const engine::ToolUse& tool_use,
                                                        bool add_generation_prompt) {
    text::ChatTemplateInput input;
    const bool offers = !tool_use.tools.empty() && tool_use.choice != engine::ToolChoice::kNone;
    if (side.template_takes_tools) {
        for (const engine::Message& message : messages) {
            input.messages.push_back({message.role, message.content, extra_of(message)});
        }
        if (offers) {
            ALV_ASSIGN_OR_RETURN(const std::string tools, tools_json(tool_use.tools));
            input.extra_json = "{\"tools\": " + tools + "}";
        }
    } else {
        input.messages = plain_messages(side, messages);
        if (offers) {
            add_to_system(input.messages, tool_prompt(*side.tool_syntax, tool_use));
            const auto examples = plain_messages(side, example_turns(tool_use.tools));
            input.messages.insert(input.messages.begin() + 1, examples.begin(), examples.end());
        }
    }
    const text::Vocabulary& vocabulary = side.tokenizer->vocabulary();
    input.add_generation_prompt = add_generation_prompt;
    input.bos_token = special_text(*side.tokenizer, vocabulary.bos);
    input.eos_token = special_text(*side.tokenizer, vocabulary.eos);
    input.now_unix_seconds = static_cast<int64_t>(std::time(nullptr));
    return side.chat_template->render(input);
}

Result<std::vector<text::TokenId>> encode_parts(const TextSide& side,
                                                std::span<const text::RenderedPart> parts) {
    std::vector<text::TextPart> runs;
    runs.reserve(parts.size());
    for (const text::RenderedPart& part : parts) runs.push_back({part.text, part.trusted});
    std::vector<text::TokenId> tokens;
    ALV_RETURN_IF_ERROR(side.tokenizer->encode(runs, tokens));
    return tokens;
}

Result<std::vector<text::TokenId>> encode_text(const TextSide& side, const std::string& plain,
                                               bool parse_special, bool add_bos) {
    std::vector<text::TokenId> tokens;
    const text::TokenId bos = side.tokenizer->vocabulary().bos;
    if (add_bos && bos != text::kNoToken) tokens.push_back(bos);
    const text::TextPart part{plain, parse_special};
    ALV_RETURN_IF_ERROR(side.tokenizer->encode(std::span(&part, 1), tokens));
    return tokens;
}

Result<std::vector<text::TokenId>> encode_prompt(const TextSide& side, const engine::Prompt& prompt,
                                                 const engine::ToolUse& tool_use) {
    switch (prompt.kind) {
        case engine::Prompt::Kind::kTokens:
            return prompt.tokens;
        case engine::Prompt::Kind::kText:
            return encode_text(side, prompt.text, prompt.parse_special, prompt.add_bos);
        case engine::Prompt::Kind::kMessages:
            break;
    }
    ALV_ASSIGN_OR_RETURN(const std::vector<text::RenderedPart> parts,
                         render_messages(side, prompt.messages, tool_use, true));
    return encode_parts(side, parts);
}

}  // namespace alv::local
