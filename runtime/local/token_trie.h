// A vocabulary as a trie of bytes, laid out in preorder, so that a walk is one pass over an array.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace alv::local {

// Immutable, thread-safe.
class TokenTrie {
  public:
    struct Node {
        uint32_t end = 0;                      // first node past the subtree
        text::TokenId token = text::kNoToken;  // whose bytes end here
        uint16_t depth = 0;                    // bytes up to here, this one too
        uint8_t byte = 0;
    };

    // Tokens without bytes are left out: control tokens, but for those whose text is in `markers`.
    TokenTrie(const text::Tokenizer& tokenizer, std::span<const std::string_view> markers);

    std::span<const Node> nodes() const { return nodes_; }
    // Pairs (token in a node, another token of the same bytes), by the first.
    std::span<const std::pair<text::TokenId, text::TokenId>> twins() const { return twins_; }
    uint32_t n_tokens() const { return n_tokens_; }
    uint32_t max_depth() const { return max_depth_; }
    // The bytes that a token stands for; "" if it is left out.
    std::string bytes(text::TokenId token) const;

    // Cuts `text` into tokens, the longest first; false if some byte has no token.
    bool cut(std::string_view text, std::vector<text::TokenId>& out) const;

  private:
    void add(std::string_view bytes, text::TokenId token);

    const text::Tokenizer* const tokenizer_;
    std::vector<std::pair<text::TokenId, std::string>> markers_;
    std::vector<Node> nodes_;
    std::vector<std::pair<text::TokenId, text::TokenId>> twins_;
    std::vector<uint32_t> open_;  // while it is built: the path to the last node
    uint32_t n_tokens_ = 0;
    uint32_t max_depth_ = 0;
};

}  // namespace alv::local
