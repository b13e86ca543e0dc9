// Grammars compiled against a model's vocabulary, kept for the next request that asks the same.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "local/guide.h"
#include "local/loaded.h"

namespace alv::local {

// Thread-compatible.
class GuideCache {
  public:
    // Null when any token may follow any. Errors: unsupported (names the keyword), invalid
    // argument, limit exceeded.
    Result<std::unique_ptr<Guide>> make(const engine::Request& request,
                                        const std::shared_ptr<const TextSide>& text);
    void clear();

  private:
    using Compile = std::function<Result<std::shared_ptr<const schema::Automaton>>()>;
    Result<std::shared_ptr<TokenGrammar>> find(std::string key, const Compile& compile);

    std::shared_ptr<const TextSide> text_;  // whose vocabulary it is
    std::shared_ptr<const TokenTrie> trie_;
    std::list<std::pair<std::string, std::shared_ptr<TokenGrammar>>> grammars_;  // latest first
};

}  // namespace alv::local
