// The model's own Jinja chat template, evaluated with bounds and with provenance.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace alv::text {

struct ChatMessage {
    std::string role;     // "system", "user", "assistant", "tool", or what the template knows
    std::string content;  // UTF-8
    // JSON object whose members join the message's (tool_calls, name, content as a list of parts,
    // ...) and win over role and content; may be "".
    std::string extra_json = {};
};

// A run of rendered text. `trusted` is true for the template's own literals (and bos/eos tokens),
// false for anything that came out of a message: only trusted text may become special tokens.
struct RenderedPart {
    std::string text;
    bool trusted = false;
};

struct ChatTemplateInput {
    std::vector<ChatMessage> messages;
    bool add_generation_prompt = true;
    std::string bos_token;
    std::string eos_token;
    std::string
        extra_json;  // object whose members become template variables (tools, ...); may be ""
    int64_t now_unix_seconds = 0;  // what strftime_now() tells
};

struct ChatTemplateLimits {
    uint64_t max_steps = 1'000'000;
    uint64_t max_output_bytes = 16u << 20;
    uint32_t max_depth = 64;
};

// Immutable, thread-safe.
class ChatTemplate {
  public:
    // Errors: unsupported (names the construct and the line), limit exceeded.
    static Result<std::unique_ptr<const ChatTemplate>> parse(const std::string& source,
                                                             const ChatTemplateLimits& limits = {});
    virtual ~ChatTemplate() = default;
    // Errors: invalid argument (the template's own raise_exception message), unsupported, limit
    // exceeded. Adjacent parts of one provenance are joined.
    virtual Result<std::vector<RenderedPart>> render(const ChatTemplateInput& input) const = 0;
};

}  // namespace alv::text
