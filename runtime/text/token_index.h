// Text of a token -> its id. Open addressing over the vocabulary's own strings: 8 bytes a token.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace alv::text {

class TokenIndex {
  public:
    // Takes all tokens but empty ones; corrupt file if one appears twice.
    Status build(const std::vector<std::string>& tokens) {
        slots_.assign(std::bit_ceil(tokens.size() * 2 + 1), kNoToken);
        for (size_t i = 0; i < tokens.size(); ++i) {
            if (tokens[i].empty()) continue;
            TokenId& slot = slots_[probe(tokens, tokens[i])];
            if (slot != kNoToken) {
                return corrupt_file("tokenizer.ggml.tokens: token " + std::to_string(i) +
                                    " is the same as token " + std::to_string(slot));
            }
            slot = static_cast<TokenId>(i);
        }
        return ok_status();
    }

    TokenId find(const std::vector<std::string>& tokens, std::string_view text) const {
        return text.empty() ? kNoToken : slots_[probe(tokens, text)];
    }

  private:
    size_t probe(const std::vector<std::string>& tokens, std::string_view text) const {
        const size_t mask = slots_.size() - 1;
        size_t at = std::hash<std::string_view>()(text) & mask;
        while (slots_[at] != kNoToken && tokens[static_cast<size_t>(slots_[at])] != text) {
            at = (at + 1) & mask;
        }
        return at;
    }

    std::vector<TokenId> slots_;
};

}  // namespace alv::text
