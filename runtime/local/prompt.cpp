#include "local/prompt.h"

#include <algorithm>
#include <ctime>

namespace alv::local {
namespace {

constexpr const char* kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ "
    "'<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

constexpr const char* kPlainLines =
    "{{ bos_token }}{% for message in messages %}{{ message['role'] + ': ' + message['content'] + "
    "'\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

std::string special_text(const text::Tokenizer& tokenizer, text::TokenId token) {
    return token == text::kNoToken ? std::string() : tokenizer.decode(token, true);
}

}  // namespace

Result<std::shared_ptr<const text::ChatTemplate>> pick_chat_template(
    const std::string& source, const text::Tokenizer& tokenizer) {
    std::string chosen = source;
    if (chosen.empty()) {
        const auto& tokens = tokenizer.vocabulary().tokens;
        const bool chat_ml =
            std::find(tokens.begin(), tokens.end(), "<|im_start|>") != tokens.end();
        chosen = chat_ml ? kChatMl : kPlainLines;
    }
    ALV_ASSIGN_OR_RETURN(auto parsed, text::ChatTemplate::parse(chosen));
    return std::shared_ptr<const text::ChatTemplate>(std::move(parsed));
}

Result<std::vector<text::RenderedPart>> render_messages(const TextSide& side,
                                                        std::span<const engine::Message> messages,
                                                        bool add_generation_prompt) {
    text::ChatTemplateInput input;
    for (const engine::Message& message : messages) {
        input.messages.push_back({message.role, message.content});
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

Result<std::vector<text::TokenId>> encode_prompt(const TextSide& side,
                                                 const engine::Prompt& prompt) {
    switch (prompt.kind) {
        case engine::Prompt::Kind::kTokens:
            return prompt.tokens;
        case engine::Prompt::Kind::kText:
            return encode_text(side, prompt.text, prompt.parse_special, prompt.add_bos);
        case engine::Prompt::Kind::kMessages:
            break;
    }
    ALV_ASSIGN_OR_RETURN(const std::vector<text::RenderedPart> parts,
                         render_messages(side, prompt.messages, true));
    return encode_parts(side, parts);
}

}  // namespace alv::local
