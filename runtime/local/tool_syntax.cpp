#include "local/tool_syntax.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace alv::local {
namespace {

using Json = OrderedJson;

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTools = 256;
// Of braces and brackets; a saved conversation may be nested a little deeper.
constexpr uint32_t kMaxDepth = 50;

// In the order in which markers are looked for; the last has none.
constexpr std::array<ToolSyntax, 5> kSyntaxes = {{
    {"hermes", "<tool_call>", "", "<tool_call>\n", "\n", "\n</tool_call>", "", "name", "arguments",
     true, true},
    {"mistral", "[TOOL_CALLS]", "[TOOL_CALLS] [", "", ", ", "", "]", "name", "arguments", false,
     true},
    {"llama3", "<|start_header_id|>", "", "", "", "", "", "name", "parameters", false, false},
    {"gemma", "<start_of_turn>", "", "", "", "", "", "name", "parameters", false, false},
    {"plain", "", "", "", "", "", "", "function", "parameters", false, false},
}};

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
           });
}

}  // namespace

std::string ToolSyntax::trigger() const {
    std::string text(open.empty() ? call_open : open);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text.empty() ? "{" : text;
}

std::string ToolSyntax::head(std::string_view tool) const {
    std::string text = "{\"";
    text.append(name_key).append("\": ");
    // A model may have made the name up: it is a JSON string, whatever it holds.
    text += Json(tool).dump(-1, ' ', false, Json::error_handler_t::replace);
    text.append(", \"");
    return text.append(arguments_key).append("\": ");
}

std::string ToolSyntax::render(std::span<const engine::ToolCall> calls) const {
    std::string text(open);
    for (const engine::ToolCall& call : calls) {
        if (&call != calls.data()) text.append(between);
        text.append(call_open).append(head(call.name)).append(call.arguments).append("}");
        text.append(call_close);
    }
    return text.append(close);
}

std::span<const ToolSyntax> tool_syntaxes() {
    return kSyntaxes;
}

const ToolSyntax& pick_tool_syntax(std::string_view template_source) {
    return *std::find_if(kSyntaxes.begin(), kSyntaxes.end() - 1, [&](const ToolSyntax& syntax) {
        return template_source.find(syntax.marker) != std::string_view::npos;
    });
}

bool takes_tools(std::string_view template_source) {
    return template_source.find("tools") != std::string_view::npos;
}

Status check_tools(const engine::ToolUse& use) {
    if (use.tools.size() > kMaxTools) return limit_exceeded("more than 256 tools");
    for (const engine::ToolSpec& tool : use.tools) {
        if (!is_name(tool.name)) {
            return invalid_argument(
                "a tool's name has 1 to 64 letters, digits, '_', '-' and '.': '" + tool.name +
                "' is none");
        }
        if (std::count_if(use.tools.begin(), use.tools.end(), [&](const engine::ToolSpec& other) {
                return other.name == tool.name;
            }) > 1) {
            return invalid_argument("two tools have the name '" + tool.name + "'");
        }
    }
    if (use.choice == engine::ToolChoice::kNamed &&
        std::none_of(use.tools.begin(), use.tools.end(),
                     [&](const engine::ToolSpec& tool) { return tool.name == use.tool_name; })) {
        return invalid_argument("the tool '" + use.tool_name + "' that is asked for is not there");
    }
    if (use.choice == engine::ToolChoice::kRequired && use.tools.empty()) {
        return invalid_argument("a call is required, and there is no tool");
    }
    return ok_status();
}

Result<std::string> tools_json(std::span<const engine::ToolSpec> tools) {
    Json list = Json::array();
    for (const engine::ToolSpec& tool : tools) {
        Json parameters = Json::parse(tool.parameters, nullptr, false);
        if (parameters.is_discarded()) {
            return invalid_argument("the parameters of tool '" + tool.name + "' are no JSON");
        }
        // Templates know no examples, and not all take turns that call without a result.
        std::string description = tool.description;
        for (const engine::ToolExample& example : tool.examples) {
            description += &example == tool.examples.data() ? "\nExamples:" : "";
            description += "\n" + example.input + " -> ";
            description += example.answer.empty() ? example.arguments : "no call";
        }
        Json function = Json::object();
        function["name"] = tool.name;
        function["description"] = std::move(description);
        function["parameters"] = std::move(parameters);
        Json entry = Json::object();
        entry["type"] = "function";
        entry["function"] = std::move(function);
        list.push_back(std::move(entry));
    }
    return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string tool_prompt(const ToolSyntax& syntax, const engine::ToolUse& use) {
    const engine::ToolCall example{"", "NAME", "{\"PARAMETER\": VALUE}"};
    std::string text = "You can call these functions:\n";
    for (const engine::ToolSpec& tool : use.tools) {
        text +=
            "- " + tool.name + ": " + tool.description + " Parameters: " + tool.parameters + "\n";
    }
    text += "To call a function, answer with nothing but\n";
    text += syntax.render(std::span(&example, 1));
    text += "\nIts result follows. If no function is needed, answer in words.";
    return text;
}

std::vector<engine::Message> example_turns(std::span<const engine::ToolSpec> tools) {
    std::vector<engine::Message> turns;
    bool more = true;
    for (size_t i = 0; more; ++i) {
        more = false;
        for (const engine::ToolSpec& tool : tools) {
            if (i >= tool.examples.size()) continue;
            const engine::ToolExample& example = tool.examples[i];
            turns.push_back({"user", example.input});
            if (example.answer.empty()) {
                turns.push_back({"assistant", "", {{"", tool.name, example.arguments}}});
            } else {
                turns.push_back({"assistant", example.answer});
            }
            more = true;
        }
    }
    return turns;
}

Status CallReader::push(std::string_view text, std::vector<engine::ToolCall>& calls) {
    for (const char c : text) {
        if (depth_ == 0 && c != '{') continue;
        object_ += c;
        if (in_string_) {
            const bool ends = c == '"' && !escaped_;
            escaped_ = c == '\\' && !escaped_;
            in_string_ = !ends;
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            if (++depth_ > kMaxDepth) {
                return limit_exceeded("a call's arguments are nested deeper than " +
                                      std::to_string(kMaxDepth));
            }
        } else if ((c == '}' || c == ']') && --depth_ == 0) {
            ALV_ASSIGN_OR_RETURN(engine::ToolCall call, read(object_));
            object_.clear();
            calls.push_back(std::move(call));
        }
    }
    return ok_status();
}

Result<engine::ToolCall> CallReader::read(std::string_view object) const {
    const Json json = Json::parse(object, nullptr, false);
    const std::string name_key(syntax_->name_key);
    const std::string arguments_key(syntax_->arguments_key);
    if (json.is_discarded() || !json.contains(name_key) || !json[name_key].is_string()) {
        return invalid_argument("a call has no \"" + name_key + "\"");
    }
    if (!json.contains(arguments_key) || !json[arguments_key].is_object()) {
        return invalid_argument("a call has no \"" + arguments_key + "\"");
    }
    engine::ToolCall call;
    call.name = json[name_key].get<std::string>();
    call.arguments = json[arguments_key].dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
}

}  // namespace alv::local
