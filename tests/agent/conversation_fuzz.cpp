// libFuzzer: the bytes are a saved conversation. What is taken is saved as something that is taken
// again and is the same; what is refused changes nothing, and says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/conversation.h"
#include "base/utf8.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace alv;
    using namespace alv::agent;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Conversation conversation;
    require(conversation.append({"user", "as it was"}).ok());
    const std::string before = conversation.save();
    if (const Status status = conversation.load(text); !status.ok()) {
        require(!status.message().empty());
        require(conversation.save() == before);
        return 0;
    }
    const std::string saved = conversation.save();
    require(utf8::is_valid(saved));
    Conversation again;
    require(again.load(saved).ok());
    require(again.save() == saved);
    const std::vector<engine::Message> messages = conversation.all();
    const std::vector<engine::Message> others = again.all();
    require(messages.size() == others.size());
    for (size_t i = 0; i < messages.size(); ++i) {
        require(messages[i].role == others[i].role && messages[i].content == others[i].content);
        require(messages[i].tool_call_id == others[i].tool_call_id);
        require(messages[i].tool_name == others[i].tool_name);
        require(messages[i].tool_calls.size() == others[i].tool_calls.size());
        for (size_t k = 0; k < messages[i].tool_calls.size(); ++k) {
            const engine::ToolCall& call = messages[i].tool_calls[k];
            const engine::ToolCall& other = others[i].tool_calls[k];
            require(call.id == other.id && call.name == other.name);
            require(call.arguments == other.arguments);
        }
        require(conversation.pinned(i).value() == again.pinned(i).value());
    }
    // What the model reads of it: system messages and the last turn always.
    const auto count = [](std::span<const engine::Message> read) -> Result<uint32_t> {
        return static_cast<uint32_t>(read.size());
    };
    const auto visible = conversation.visible(count);
    require(visible.ok() && visible->size() <= messages.size());
    if (!messages.empty())
        require(!visible->empty() && visible->back().role == messages.back().role);
    return 0;
}
