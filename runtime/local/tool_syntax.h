// How a family of models writes a call of a tool: a table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace alv::local {

// A reply that calls: open, then one or more of [call_open {"name": ..., "arguments": ...}
// call_close] with `between` between them, then close.
struct ToolSyntax {
    std::string_view name;
    std::string_view marker;  // in the source of the chat template; "": of models that know none
    std::string_view open;
    std::string_view call_open;
    std::string_view between;
    std::string_view call_close;
    std::string_view close;
    std::string_view name_key;
    std::string_view arguments_key;
    bool after_text;  // calls may follow text; else a reply is the one or the other
    bool parallel;    // the family knows several calls in one reply

    // The text that a reply that calls begins with.
    std::string trigger() const;
    // {"name": "NAME", "arguments": without the arguments.
    std::string head(std::string_view tool) const;
    // One or more calls, as the model would have written them.
    std::string render(std::span<const engine::ToolCall> calls) const;
};

std::span<const ToolSyntax> tool_syntaxes();
const ToolSyntax& pick_tool_syntax(std::string_view template_source);
// The template reads `tools` itself.
bool takes_tools(std::string_view template_source);

// Invalid argument for a name, schema or choice that can't be.
Status check_tools(const engine::ToolUse& use);

// [{"type": "function", "function": {...}}, ...], as templates expect it.
Result<std::string> tools_json(std::span<const engine::ToolSpec> tools);
// What tells a model whose template knows no tools.
std::string tool_prompt(const ToolSyntax& syntax, const engine::ToolUse& use);
// The tools' examples for such a model, as turns of a conversation: the first of each tool, then
// the second of each, so that the last ones are not all of one tool.
std::vector<engine::Message> example_turns(std::span<const engine::ToolSpec> tools);

// Reads the calls out of a reply while it is written. Thread-compatible.
class CallReader {
  public:
    explicit CallReader(const ToolSyntax& syntax) : syntax_(&syntax) {}
    // Takes more of the reply, from its trigger on; appends the calls that it completes, without
    // ids. A JSON object that is no call is invalid argument, one that is nested too deeply limit
    // exceeded; both say why, and the reply is read no further. However the reply is cut, the
    // calls before such a one are appended.
    Status push(std::string_view text, std::vector<engine::ToolCall>& calls);

  private:
    Result<engine::ToolCall> read(std::string_view object) const;

    const ToolSyntax* syntax_;
    std::string object_;  // the JSON object that is open, so far
    uint32_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

}  // namespace alv::local
