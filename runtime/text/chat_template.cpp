#include "text/chat_template.h"

#include <algorithm>

#include "text/jinja_context.h"
#include "text/jinja_ops.h"
#include "text/jinja_program.h"
#include "text/jinja_vm.h"

namespace alv::text {

namespace {

using jinja::Context;
using jinja::Kind;
using jinja::Machine;
using jinja::Value;

constexpr size_t kMaxSourceBytes = 1u << 20;
constexpr uint32_t kMaxDepth = 64;  // what the walks over values and a 64 KiB stack are made for

using Entries = std::vector<std::pair<Value, Value>>;

// Appends the members of a JSON object; "" has none.
void add_members(Context& cx, const std::string& json, const char* what, Entries& out) {
    if (json.empty()) return;
    const Value object = jinja::from_json(cx, json, what);
    if (cx.failed()) return;
    if (!object.is(Kind::kDict)) {
        cx.type_error(std::string(what) + " must be a JSON object");
        return;
    }
    out.insert(out.end(), object.dict().entries.begin(), object.dict().entries.end());
}

Value message_value(Context& cx, const ChatMessage& message) {
    Entries entries;
    entries.emplace_back(cx.string("role", true), cx.string(message.role, false));
    entries.emplace_back(cx.string("content", true), cx.string(message.content, false));
    add_members(cx, message.extra_json, "a message's extra_json", entries);
    return cx.failed() ? Value() : cx.dict(std::move(entries));
}

void bind_input(Context& cx, Machine& machine, const ChatTemplateInput& input) {
    std::vector<Value> messages;
    for (const ChatMessage& message : input.messages) {
        messages.push_back(message_value(cx, message));
        if (cx.failed()) return;
    }
    // As transformers calls a template: tools and documents are None when there are none.
    machine.bind("tools", Value::none());
    machine.bind("documents", Value::none());
    Entries extra;
    add_members(cx, input.extra_json, "extra_json", extra);
    for (auto& [name, value] : extra) machine.bind(name.text(), std::move(value));
    machine.bind("messages", cx.list(std::move(messages)));
    machine.bind("add_generation_prompt", Value::boolean(input.add_generation_prompt));
    machine.bind("bos_token", cx.string(input.bos_token, true));
    machine.bind("eos_token", cx.string(input.eos_token, true));
}

std::vector<RenderedPart> parts_of(const Value& text) {
    std::vector<RenderedPart> parts;
    const jinja::String& s = text.str();
    bool trusted = s.first_trusted;
    size_t begin = 0;
    for (size_t run = 0; run <= s.flips.size(); ++run) {
        const size_t end = run < s.flips.size() ? s.flips[run] : s.text.size();
        if (end > begin) parts.push_back({s.text.substr(begin, end - begin), trusted});
        trusted = !trusted;
        begin = end;
    }
    return parts;
}

class JinjaChatTemplate final : public ChatTemplate {
  public:
    JinjaChatTemplate(std::unique_ptr<jinja::Program> program, const ChatTemplateLimits& limits)
        : program_(std::move(program)), limits_(limits) {}

    Result<std::vector<RenderedPart>> render(const ChatTemplateInput& input) const override {
        jinja::Budget budget;
        budget.max_steps = limits_.max_steps;
        budget.max_output_bytes = std::min<uint64_t>(limits_.max_output_bytes, 1u << 30);
        budget.max_live_bytes = 2 * budget.max_output_bytes + (8u << 20);
        budget.max_depth = limits_.max_depth;
        budget.now_unix_seconds = input.now_unix_seconds;
        Context cx(budget);
        Machine machine(*program_, cx);
        bind_input(cx, machine, input);
        if (cx.failed()) return Status(cx.error()).annotate("chat template");
        const Value text = machine.run();
        if (cx.failed()) {
            return Status(cx.error().code(), "chat template: line " +
                                                 std::to_string(machine.line()) + ": " +
                                                 cx.error().message());
        }
        return parts_of(text);
    }

  private:
    std::unique_ptr<const jinja::Program> program_;
    ChatTemplateLimits limits_;
};

}  // namespace

Result<std::unique_ptr<const ChatTemplate>> ChatTemplate::parse(const std::string& source,
                                                                const ChatTemplateLimits& limits) {
    if (source.size() > kMaxSourceBytes) {
        return limit_exceeded("chat template: larger than " + std::to_string(kMaxSourceBytes) +
                              " bytes");
    }
    ChatTemplateLimits clamped = limits;
    clamped.max_depth = std::clamp(limits.max_depth, 1u, kMaxDepth);
    auto program = jinja::parse_program(source, clamped.max_depth);
    if (!program.ok()) {
        Status status = program.status();
        status.annotate("chat template");
        return status;
    }
    return std::unique_ptr<const ChatTemplate>(
        std::make_unique<JinjaChatTemplate>(std::move(program).value(), clamped));
}

}  // namespace alv::text
