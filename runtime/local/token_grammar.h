// A grammar of bytes over a vocabulary: which tokens may come next, and the way to the end.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "local/token_trie.h"
#include "schema/automaton.h"

namespace alv::local {

// A bit a token, in words of 32.
using TokenMask = std::vector<uint32_t>;

// What it found is kept for the next request with the same grammar. Thread-compatible.
class TokenGrammar {
  public:
    using State = schema::Matcher::State;

    TokenGrammar(std::shared_ptr<const schema::Automaton> automaton,
                 std::shared_ptr<const TokenTrie> trie, std::span<const text::TokenId> end_tokens);

    State start() { return matcher_.start(); }
    // Nothing if some byte is not allowed.
    std::optional<State> step(State state, std::string_view bytes);
    std::optional<State> step(State state, text::TokenId token);
    // The whole text may end here; must end here.
    bool accepts(State state) { return matcher_.accepts(state); }
    bool only_end(State state) { return matcher_.only_end(state); }
    // What may come next; end tokens where the text may end. Borrowed until the next call.
    const TokenMask& mask(State state);
    // Tokens that are the only way on, cut so that what follows may still join the last of them.
    std::vector<text::TokenId> forced(State state);
    // Tokens of a short way to the end; nothing if no such tokens are in the vocabulary.
    std::optional<std::vector<text::TokenId>> closing(State state);
    // Bytes of the shortest way to the end: no way takes more tokens than this.
    uint64_t shortest_bytes(State state) { return matcher_.shortest(state); }
    const TokenTrie& trie() const { return *trie_; }
    // The grammar has so many ways that it was given up: no token is allowed any more.
    bool overflowed() const { return matcher_.overflowed(); }
    size_t n_states() const { return matcher_.n_states(); }

  private:
    TokenMask build_mask(State state);

    schema::Matcher matcher_;
    const std::shared_ptr<const TokenTrie> trie_;
    const std::vector<text::TokenId> end_tokens_;
    std::vector<State> path_;  // of build_mask, by depth
    struct Cached {
        TokenMask mask;
        std::list<State>::iterator use;
    };
    std::unordered_map<State, Cached> masks_;
    std::list<State> uses_;  // the latest first
};

}  // namespace alv::local
