// From a prompt to tokens: the chat template, provenance, BOS.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "local/loaded.h"

namespace alv::local {

// Takes the template that the model brings, or a stand-in for a model without one: ChatML when the
// vocabulary has <|im_start|>, Gemma's turns when it has <start_of_turn>, else "role: content"
// lines. With it comes how the model calls tools. The tokenizer is there.
Status set_chat_template(TextSide& text, const std::string& source);

// Tools go through the template where it takes them; else they are told in the system message, and
// calls and results are messages like others.
Result<std::vector<text::RenderedPart>> render_messages(const TextSide& text,
                                                        std::span<const engine::Message> messages,
                                                        const engine::ToolUse& tool_use,
                                                        bool add_generation_prompt);

// Only trusted parts may spell special tokens.
Result<std::vector<text::TokenId>> encode_parts(const TextSide& text,
                                                std::span<const text::RenderedPart> parts);

Result<std::vector<text::TokenId>> encode_text(const TextSide& text, const std::string& plain,
                                               bool parse_special, bool add_bos);

Result<std::vector<text::TokenId>> encode_prompt(const TextSide& text, const engine::Prompt& prompt,
                                                 const engine::ToolUse& tool_use = {});

}  // namespace alv::local
