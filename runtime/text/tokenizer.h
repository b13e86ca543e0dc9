// Text <-> token ids. One interface over SPM, byte-level BPE and WordPiece.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace alv::text {

using TokenId = int32_t;
inline constexpr TokenId kNoToken = -1;

// GGUF's tokenizer.ggml.token_type.
enum class TokenType : int32_t {
    kUndefined = 0,
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6,
};

// What a GGUF file says of its tokenizer (tokenizer.ggml.*), as plain data; untrusted.
struct Vocabulary {
    std::string model;  // "llama" (SPM), "gpt2" (byte-level BPE), "bert" (WordPiece)
    std::string pre;    // name of the pre-tokenizer, "" when absent
    std::vector<std::string> tokens;
    std::vector<float> scores;        // empty, or one a token
    std::vector<int64_t> types;       // empty, or one a token (TokenType)
    std::vector<std::string> merges;  // BPE: "left right"
    std::string charsmap;             // SPM: precompiled_charsmap, may be empty
    TokenId bos = kNoToken;
    TokenId eos = kNoToken;
    TokenId eot = kNoToken;
    TokenId unknown = kNoToken;
    TokenId padding = kNoToken;
    bool add_bos = false;
    bool add_eos = false;
    bool add_space_prefix = true;
    bool remove_extra_whitespaces = false;
    bool lowercase = true;  // WordPiece: of uncased models; accents go, too
};

// A run of text and where it comes from: only the template's own text (and a prompt the caller
// vouches for) may turn into special tokens.
struct TextPart {
    std::string_view text;
    bool parse_special = false;
};

// Immutable, thread-safe.
class Tokenizer {
  public:
    virtual ~Tokenizer() = default;
    // Refuses an unknown model or pre-tokenizer by name; hostile vocabularies are corrupt files.
    static Result<std::unique_ptr<const Tokenizer>> create(Vocabulary vocabulary);

    // Appends the ids of the parts, read as one text; no BOS or EOS is added. Invalid UTF-8 is an
    // invalid argument.
    virtual Status encode(std::span<const TextPart> parts, std::vector<TokenId>& out) const = 0;

    // The bytes a token stands for; control tokens give "" unless `render_special`.
    virtual std::string decode(TokenId token, bool render_special = false) const = 0;

    const Vocabulary& vocabulary() const { return vocabulary_; }
    uint32_t size() const { return static_cast<uint32_t>(vocabulary_.tokens.size()); }
    // End of generation: eos, eot and their kin (<|im_end|>, <end_of_turn>, <|eot_id|>, ...).
    bool is_end(TokenId token) const;

  protected:
    explicit Tokenizer(Vocabulary vocabulary);
    Vocabulary vocabulary_;
    std::vector<TokenId> end_tokens_;  // sorted
};

// Turns tokens into text piece by piece and never emits half a UTF-8 character. Thread-compatible.
class StreamDetokenizer {
  public:
    explicit StreamDetokenizer(const Tokenizer& tokenizer, bool render_special = false)
        : tokenizer_(&tokenizer), render_special_(render_special) {}
    std::string push(TokenId token);  // the characters this token completes, may be ""
    std::string finish();             // what is left; broken bytes become U+FFFD

  private:
    const Tokenizer* tokenizer_;
    bool render_special_;
    std::string pending_;
};

}  // namespace alv::text
