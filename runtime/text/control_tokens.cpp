#include "text/control_tokens.h"

#include <algorithm>
#include <array>

#include "text/byte_token.h"

namespace alv::text {

namespace {

// Control tokens by their text alone, and the end of a turn (llama.cpp, llama_vocab::impl::load).
constexpr std::array<std::string_view, 13> kEndOfTurn = {"<|eot_id|>",
                                                         "<|im_end|>",
                                                         "<|end|>",
                                                         "<|return|>",
                                                         "<|call|>",
                                                         "<end_of_turn>",
                                                         "<|endoftext|>",
                                                         "<|eom_id|>",
                                                         "<EOT>",
                                                         "_<EOT>",
                                                         "<|end_of_text|>",
                                                         "<end_of_utterance>",
                                                         "<｜end▁of▁sentence｜>"};

// Ends too, but only where the file types them as control.
constexpr std::array<std::string_view, 6> kEndIfControl = {
    "</s>", "<eos>", "<|end_of_turn|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"};

constexpr std::array<std::string_view, 8> kTurnMarkers = {
    "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<s>", "</s>", "<bos>", "<eos>"};

template <size_t kCount>
bool contains(const std::array<std::string_view, kCount>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_bracketed(std::string_view text) {
    return text.size() >= 3 && ((text.front() == '<' && text.back() == '>') ||
                                (text.front() == '[' && text.back() == ']'));
}

void set_type(Vocabulary& vocabulary, TokenId token, TokenType type) {
    vocabulary.types[static_cast<size_t>(token)] = static_cast<int64_t>(type);
}

TokenId find(const Vocabulary& vocabulary, std::span<const TokenId> among, std::string_view text) {
    for (const TokenId token : among) {
        if (vocabulary.tokens[static_cast<size_t>(token)] == text) return token;
    }
    return kNoToken;
}

}  // namespace

TokenType token_type(const Vocabulary& vocabulary, TokenId token) {
    const auto index = static_cast<size_t>(token);
    if (token < 0 || index >= vocabulary.types.size()) return TokenType::kNormal;
    return static_cast<TokenType>(vocabulary.types[index]);
}

bool is_turn_marker(std::string_view text) {
    if (text.size() > 4 && text.starts_with("<|") && text.ends_with("|>")) return true;
    return contains(kTurnMarkers, text);
}

void settle_types(Vocabulary& vocabulary) {
    const auto n_tokens = static_cast<TokenId>(vocabulary.tokens.size());
    if (vocabulary.types.empty()) {
        vocabulary.types.assign(vocabulary.tokens.size(), static_cast<int64_t>(TokenType::kNormal));
        for (TokenId i = 0; vocabulary.model == "llama" && i < n_tokens; ++i) {
            if (parse_byte_token(vocabulary.tokens[static_cast<size_t>(i)])) {
                set_type(vocabulary, i, TokenType::kByte);
            }
        }
        if (vocabulary.unknown != kNoToken) {
            set_type(vocabulary, vocabulary.unknown, TokenType::kUnknown);
        }
    }
    for (const TokenId token : {vocabulary.bos, vocabulary.eos, vocabulary.eot}) {
        if (token == kNoToken || !is_bracketed(vocabulary.tokens[static_cast<size_t>(token)])) {
            continue;
        }
        const TokenType type = token_type(vocabulary, token);
        if (type == TokenType::kNormal || type == TokenType::kUserDefined) {
            set_type(vocabulary, token, TokenType::kControl);
        }
    }
    for (TokenId i = 0; i < n_tokens; ++i) {
        const std::string& text = vocabulary.tokens[static_cast<size_t>(i)];
        const bool candidate = !text.empty() && (text[0] == '<' || text[0] == '_');
        if (candidate && contains(kEndOfTurn, text)) set_type(vocabulary, i, TokenType::kControl);
    }
}

std::vector<TokenId> find_end_tokens(const Vocabulary& vocabulary) {
    std::vector<TokenId> ends;
    const auto n_tokens = static_cast<TokenId>(vocabulary.tokens.size());
    for (TokenId i = 0; i < n_tokens; ++i) {
        if (token_type(vocabulary, i) != TokenType::kControl) continue;
        const std::string& text = vocabulary.tokens[static_cast<size_t>(i)];
        if (contains(kEndOfTurn, text) || contains(kEndIfControl, text)) ends.push_back(i);
    }
    // gpt-oss: <|end|> only closes one message of several; the reply ends with the other two.
    const TokenId message_end = find(vocabulary, ends, "<|end|>");
    if (message_end != kNoToken && find(vocabulary, ends, "<|return|>") != kNoToken &&
        find(vocabulary, ends, "<|call|>") != kNoToken) {
        ends.erase(std::find(ends.begin(), ends.end(), message_end));
    }
    for (const TokenId token : {vocabulary.eos, vocabulary.eot}) {
        if (token != kNoToken) ends.push_back(token);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
}

}  // namespace alv::text
