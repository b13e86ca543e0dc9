// libFuzzer: what a model writes is read as calls, and what a call and its result hold is told to
// the model; the bytes are both. However a reply is cut into pieces the same calls are read, each
// a name and an object, and written again they are read the same. Nothing that a name, an argument
// or a result says is taken for a part of the template: roles and special tokens cannot be forged.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/tool.h"
#include "base/utf8.h"
#include "local/fakes.h"
#include "local/prompt.h"
#include "local/tool_syntax.h"
#include "local/tool_templates.h"

namespace {

using namespace alv;
using namespace alv::local;
using Json = nlohmann::json;

void require(bool holds) {
    if (!holds) std::abort();
}

struct Read {
    std::vector<engine::ToolCall> calls;
    Status status;
};

Read read(const ToolSyntax& syntax, std::string_view text, size_t piece) {
    Read out;
    CallReader reader(syntax);
    for (size_t at = 0; at < text.size() && out.status.ok(); at += piece) {
        out.status = reader.push(text.substr(at, piece), out.calls);
    }
    return out;
}

void require_same(const Read& a, const Read& b) {
    require(a.status.code() == b.status.code());
    require(a.calls.size() == b.calls.size());
    for (size_t i = 0; i < a.calls.size(); ++i) {
        require(a.calls[i].name == b.calls[i].name);
        require(a.calls[i].arguments == b.calls[i].arguments);
    }
}

void read_reply(const ToolSyntax& syntax, std::string_view text) {
    const Read bytes = read(syntax, text, 1);
    const Read pieces = read(syntax, text, 7);
    require_same(bytes, pieces);
    for (const engine::ToolCall& call : bytes.calls) {
        require(utf8::is_valid(call.name) && utf8::is_valid(call.arguments));
        require(Json::parse(call.arguments, nullptr, false).is_object());
    }
    if (bytes.calls.empty()) return;
    const Read again = read(syntax, syntax.render(bytes.calls), 1);
    require_same({bytes.calls, {}}, again);
}

// The template's own text, with a mark where other text stands.
std::string skeleton(const TextSide& side, const std::vector<engine::Message>& messages,
                     const engine::ToolUse& use) {
    const auto parts = render_messages(side, messages, use, true);
    require(parts.ok());
    std::string out;
    for (const text::RenderedPart& part : *parts) {
        out += part.trusted ? part.text : std::string("\x01");
    }
    return out;
}

struct Words {
    std::string result;
    std::string argument;
    std::string name;
    std::string id;
};

std::vector<engine::Message> conversation(const Words& words) {
    engine::Message call{"assistant", "a" + words.argument + "z"};
    call.tool_calls.push_back(
        {"a" + words.id, "a" + words.name, Json{{"a" + words.argument, words.argument}}.dump()});
    return {{"system", "s" + words.argument + "z"},
            {"user", "u" + words.argument + "z"},
            call,
            {"tool", "r" + words.result + "z", {}, "a" + words.id, "a" + words.name},
            {"tool", agent::error_result(words.result), {}, "a" + words.id, "a" + words.name},
            {"user", "u"}};
}

engine::ToolUse tools(const Words& words) {
    engine::ToolUse use;
    use.tools = {{"f", "d" + words.argument, Json{{"title", words.argument}}.dump()}};
    return use;
}

struct Family {
    TextSide side;
    std::string skeleton;  // of words that want nothing
};

std::vector<Family> make_families() {
    const auto tokenizer = test::byte_tokenizer();
    std::vector<Family> out;
    for (const test::FamilyTemplate& family : test::kFamilyTemplates) {
        Family made;
        made.side.tokenizer = tokenizer;
        require(set_chat_template(made.side, family.source).ok());
        made.skeleton = skeleton(made.side, conversation({}), tools({}));
        out.push_back(std::move(made));
    }
    return out;
}

std::string take(std::string_view& rest) {
    const size_t end = std::min(rest.find('\xFF'), rest.size());
    std::string out = utf8::replace_invalid(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    for (const ToolSyntax& syntax : tool_syntaxes()) read_reply(syntax, rest);
    const Words words{take(rest), take(rest), take(rest), take(rest)};
    static const std::vector<Family> families = make_families();
    const Family& family = families[size == 0 ? 0 : data[size - 1] % families.size()];
    require(skeleton(family.side, conversation(words), tools(words)) == family.skeleton);
    // As tokens: what is no text of the template has no special ones.
    const auto parts = render_messages(family.side, conversation(words), tools(words), true);
    require(parts.ok());
    for (const text::RenderedPart& part : *parts) {
        if (part.trusted) continue;
        const auto tokens = encode_parts(family.side, std::span(&part, 1));
        require(tokens.ok());
        for (const text::TokenId token : *tokens) require(token < 256);
    }
    return 0;
}
