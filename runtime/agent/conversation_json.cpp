// Conversation to JSON and back:
//   {"alviss_conversation": 1, "max_turns": 0, "token_budget": 0, "messages": [
//     {"role": "assistant", "content": "", "pinned": true,
//      "tool_calls": [{"id": "call_1", "name": "now", "arguments": {}}]},
//     {"role": "tool", "content": "12:00", "tool_call_id": "call_1", "tool_name": "now"}]}

#include "agent/conversation.h"
#include "base/json.h"

namespace alv::agent {
namespace {

using Json = OrderedJson;

constexpr uint32_t kMaxDepth = 64;
constexpr int kVersion = 1;

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_count(const Json& value) {
    return value.is_number_unsigned() && value.get<uint64_t>() <= UINT32_MAX;
}

Result<engine::Message> message_of(const Json& from) {
    if (!from.is_object()) return corrupt_file("is no object");
    engine::Message message;
    message.role = text_of(from, "role");
    if (message.role.empty()) return corrupt_file("has no role");
    if (!from.contains("content") || !from["content"].is_string()) {
        return corrupt_file("has no content");
    }
    message.content = text_of(from, "content");
    message.tool_call_id = text_of(from, "tool_call_id");
    message.tool_name = text_of(from, "tool_name");
    if (!from.contains("tool_calls")) return message;
    if (!from["tool_calls"].is_array()) return corrupt_file("has tool_calls that are no list");
    for (const Json& call : from["tool_calls"]) {
        if (!call.is_object() || !call.contains("arguments") || !call["arguments"].is_object() ||
            text_of(call, "name").empty()) {
            return corrupt_file("has a tool call without a name or arguments");
        }
        message.tool_calls.push_back(
            {text_of(call, "id"), text_of(call, "name"), call["arguments"].dump()});
    }
    return message;
}

Json json_of(const engine::Message& message, bool pinned) {
    Json out = Json::object();
    out["role"] = message.role;
    out["content"] = message.content;
    if (pinned) out["pinned"] = true;
    Json calls = Json::array();
    for (const engine::ToolCall& call : message.tool_calls) {
        Json one = Json::object();
        one["id"] = call.id;
        one["name"] = call.name;
        Json arguments = Json::parse(call.arguments, nullptr, false);
        one["arguments"] = arguments.is_object() ? std::move(arguments) : Json::object();
        calls.push_back(std::move(one));
    }
    if (!calls.empty()) out["tool_calls"] = std::move(calls);
    if (!message.tool_call_id.empty()) out["tool_call_id"] = message.tool_call_id;
    if (!message.tool_name.empty()) out["tool_name"] = message.tool_name;
    return out;
}

}  // namespace

std::string Conversation::save() const {
    const std::lock_guard lock(mutex_);
    Json messages = Json::array();
    for (const Entry& entry : entries_) messages.push_back(json_of(entry.message, entry.pinned));
    Json out = Json::object();
    out["alviss_conversation"] = kVersion;
    out["max_turns"] = limits_.max_turns;
    out["token_budget"] = limits_.token_budget;
    out["messages"] = std::move(messages);
    return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status Conversation::load(std::string_view json) {
    if (json_depth(json) > kMaxDepth) return corrupt_file("the conversation is nested too deeply");
    const Json from = Json::parse(json, nullptr, false);
    if (!from.is_object() || !from.contains("alviss_conversation")) {
        return corrupt_file("this is no saved conversation");
    }
    if (from["alviss_conversation"] != kVersion) {
        return unsupported(
            "the conversation was saved by a newer version: its format is " +
            from["alviss_conversation"].dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    if (!from.contains("messages") || !from["messages"].is_array()) {
        return corrupt_file("the conversation has no list of messages");
    }
    ConversationLimits limits;
    for (const auto& [key, into] : {std::pair{"max_turns", &limits.max_turns},
                                    std::pair{"token_budget", &limits.token_budget}}) {
        if (!from.contains(key)) continue;
        if (!is_count(from[key])) return corrupt_file(std::string(key) + " is no count");
        *into = from[key].get<uint32_t>();
    }
    std::vector<Entry> entries;
    for (const Json& message : from["messages"]) {
        Result<engine::Message> read = message_of(message);
        if (!read.ok()) {
            Status status = read.status();
            return status.annotate("messages[" + std::to_string(entries.size()) + "]");
        }
        const bool pinned = message.contains("pinned") && message["pinned"] == true;
        entries.push_back({std::move(read).value(), pinned});
    }
    const std::lock_guard lock(mutex_);
    if (replying_) {
        return invalid_state(
            "the session is generating a reply: wait for its last event, or cancel it, first");
    }
    entries_ = std::move(entries);
    limits_ = limits;
    return ok_status();
}

}  // namespace alv::agent
