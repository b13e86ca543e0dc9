#include "text/tokenizer.h"

#include <algorithm>
#include <cmath>

#include "text/bpe.h"
#include "text/control_tokens.h"
#include "text/spm.h"
#include "text/wordpiece.h"

namespace alv::text {

namespace {

constexpr size_t kMaxTokens = size_t{1} << 24;
constexpr size_t kMaxMerges = size_t{1} << 24;
constexpr size_t kMaxTokenBytes = 64 * 1024;

Status check_count(const char* key, size_t count, size_t n_tokens) {
    if (count == 0 || count == n_tokens) return ok_status();
    return corrupt_file(std::string(key) + " has " + std::to_string(count) +
                        " entries, but there are " + std::to_string(n_tokens) + " tokens");
}

Status check_id(const char* key, TokenId id, size_t n_tokens) {
    if (id == kNoToken || (id >= 0 && static_cast<size_t>(id) < n_tokens)) return ok_status();
    return corrupt_file(std::string(key) + " is " + std::to_string(id) + ", but there are " +
                        std::to_string(n_tokens) + " tokens");
}

Status check_entries(const Vocabulary& vocabulary) {
    for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        if (vocabulary.tokens[i].size() > kMaxTokenBytes) {
            return corrupt_file("tokenizer.ggml.tokens: token " + std::to_string(i) + " has " +
                                std::to_string(vocabulary.tokens[i].size()) + " bytes");
        }
    }
    for (size_t i = 0; i < vocabulary.scores.size(); ++i) {
        if (!std::isfinite(vocabulary.scores[i])) {
            return corrupt_file("tokenizer.ggml.scores: the score of token " + std::to_string(i) +
                                " is not finite");
        }
    }
    for (size_t i = 0; i < vocabulary.types.size(); ++i) {
        if (vocabulary.types[i] < 0 ||
            vocabulary.types[i] > static_cast<int64_t>(TokenType::kByte)) {
            return corrupt_file("tokenizer.ggml.token_type: token " + std::to_string(i) +
                                " has the unknown type " + std::to_string(vocabulary.types[i]));
        }
    }
    return ok_status();
}

Status check(const Vocabulary& vocabulary) {
    const size_t n_tokens = vocabulary.tokens.size();
    if (n_tokens == 0) return corrupt_file("tokenizer.ggml.tokens is empty");
    if (n_tokens > kMaxTokens) {
        return limit_exceeded("tokenizer.ggml.tokens has " + std::to_string(n_tokens) +
                              " tokens; at most " + std::to_string(kMaxTokens) + " are supported");
    }
    if (vocabulary.merges.size() > kMaxMerges) {
        return limit_exceeded("tokenizer.ggml.merges has " +
                              std::to_string(vocabulary.merges.size()) + " merges; at most " +
                              std::to_string(kMaxMerges) + " are supported");
    }
    ALV_RETURN_IF_ERROR(check_count("tokenizer.ggml.scores", vocabulary.scores.size(), n_tokens));
    ALV_RETURN_IF_ERROR(
        check_count("tokenizer.ggml.token_type", vocabulary.types.size(), n_tokens));
    ALV_RETURN_IF_ERROR(check_id("tokenizer.ggml.bos_token_id", vocabulary.bos, n_tokens));
    ALV_RETURN_IF_ERROR(check_id("tokenizer.ggml.eos_token_id", vocabulary.eos, n_tokens));
    ALV_RETURN_IF_ERROR(check_id("tokenizer.ggml.eot_token_id", vocabulary.eot, n_tokens));
    ALV_RETURN_IF_ERROR(check_id("tokenizer.ggml.unknown_token_id", vocabulary.unknown, n_tokens));
    ALV_RETURN_IF_ERROR(check_id("tokenizer.ggml.padding_token_id", vocabulary.padding, n_tokens));
    return check_entries(vocabulary);
}

}  // namespace

Tokenizer::Tokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
    end_tokens_ = find_end_tokens(vocabulary_);
}

bool Tokenizer::is_end(TokenId token) const {
    return std::binary_search(end_tokens_.begin(), end_tokens_.end(), token);
}

Result<std::unique_ptr<const Tokenizer>> Tokenizer::create(Vocabulary vocabulary) {
    const bool spm = vocabulary.model == "llama";
    const bool wordpiece = vocabulary.model == "bert";
    if (!spm && !wordpiece && vocabulary.model != "gpt2") {
        return unsupported("the tokenizer '" + vocabulary.model +
                           "' is not supported; 'llama' (SPM), 'gpt2' (byte-level BPE) and 'bert' "
                           "(WordPiece) are");
    }
    ALV_RETURN_IF_ERROR(check(vocabulary));
    settle_types(vocabulary);
    if (wordpiece) return WordPieceTokenizer::create(std::move(vocabulary));
    return spm ? SpmTokenizer::create(std::move(vocabulary))
               : BpeTokenizer::create(std::move(vocabulary));
}

}  // namespace alv::text
