#include "text/wordpiece.h"

#include <algorithm>

#include "text/control_tokens.h"
#include "text/wordpiece_words.h"

namespace alv::text {

namespace {

constexpr std::string_view kWordStart = "\xE2\x96\x81";  // U+2581
// Longer words are unknown, as in BERT's own tokenizer.
constexpr size_t kMaxWordCharacters = 100;

bool is_inner_byte(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

size_t count_characters(std::string_view text) {
    return text.size() -
           static_cast<size_t>(std::count_if(text.begin(), text.end(), is_inner_byte));
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary)
    : FragmentTokenizer(std::move(vocabulary)) {}

Result<std::unique_ptr<const Tokenizer>> WordPieceTokenizer::create(Vocabulary vocabulary) {
    if (vocabulary.unknown == kNoToken) {
        return corrupt_file("tokenizer.ggml.unknown_token_id is missing: WordPiece needs it");
    }
    // Whatever the file says of it: it stands for text that the model does not know.
    vocabulary.types[static_cast<size_t>(vocabulary.unknown)] =
        static_cast<int64_t>(TokenType::kUnknown);
    std::unique_ptr<WordPieceTokenizer> tokenizer(new WordPieceTokenizer(std::move(vocabulary)));
    const std::vector<std::string>& tokens = tokenizer->vocabulary_.tokens;
    ALV_RETURN_IF_ERROR(tokenizer->index_.build(tokens));
    for (const std::string& token : tokens) {
        tokenizer->longest_ = std::max(tokenizer->longest_, token.size());
    }
    ALV_RETURN_IF_ERROR(tokenizer->init_special());
    return std::unique_ptr<const Tokenizer>(std::move(tokenizer));
}

// Special tokens are never found in words: text must not become one.
TokenId WordPieceTokenizer::find(const std::string& piece) const {
    const TokenId token = index_.find(vocabulary_.tokens, piece);
    if (token == kNoToken) return kNoToken;
    const TokenType type = token_type(vocabulary_, token);
    return type == TokenType::kControl || type == TokenType::kUnknown ? kNoToken : token;
}

void WordPieceTokenizer::encode_word(const std::string& word, std::vector<TokenId>& out) const {
    const size_t had = out.size();
    const auto unknown = [&] {
        out.resize(had);
        out.push_back(vocabulary_.unknown);
    };
    if (count_characters(word) > kMaxWordCharacters) return unknown();
    const std::string marked = std::string(kWordStart) + word;
    for (size_t at = 0; at < marked.size();) {
        const size_t least = at == 0 ? kWordStart.size() : 0;
        size_t size = std::min(marked.size() - at, longest_);
        TokenId token = kNoToken;
        for (; size > least; --size) {
            if (at + size < marked.size() && is_inner_byte(marked[at + size])) continue;
            token = find(marked.substr(at, size));
            if (token != kNoToken) break;
        }
        if (token == kNoToken) return unknown();
        out.push_back(token);
        at += size;
    }
}

Status WordPieceTokenizer::encode_text(std::string_view text, bool /*after_special*/,
                                       std::vector<TokenId>& out) const {
    wordpiece::WordReader words(text, vocabulary_.lowercase);
    for (std::string word; words.next(word);) encode_word(word, out);
    return ok_status();
}

std::string WordPieceTokenizer::decode_text(TokenId token) const {
    const std::string& piece = vocabulary_.tokens[static_cast<size_t>(token)];
    if (!piece.starts_with(kWordStart)) return piece;
    return " " + piece.substr(kWordStart.size());
}

}  // namespace alv::text
