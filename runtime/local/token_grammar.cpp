#include "local/token_grammar.h"

namespace alv::local {
namespace {

constexpr size_t kMaskBytes = 16u << 20;  // of cached masks
constexpr size_t kMaxForcedBytes = 4096;

}  // namespace

TokenGrammar::TokenGrammar(std::shared_ptr<const schema::Automaton> automaton,
                           std::shared_ptr<const TokenTrie> trie,
                           std::span<const text::TokenId> end_tokens)
    : matcher_(std::move(automaton)),
      trie_(std::move(trie)),
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      path_(trie_->max_depth() + 1) {}

std::optional<TokenGrammar::State> TokenGrammar::step(State state, std::string_view bytes) {
    for (const char byte : bytes) {
        state = matcher_.step(state, static_cast<uint8_t>(byte));
        if (state == schema::Matcher::kDead) return std::nullopt;
    }
    return state;
}

std::optional<TokenGrammar::State> TokenGrammar::step(State state, text::TokenId token) {
    return step(state, trie_->bytes(token));
}

TokenMask TokenGrammar::build_mask(State state) {
    TokenMask mask((trie_->n_tokens() + 31) / 32);
    const auto allow = [&](text::TokenId token) {
        mask[static_cast<size_t>(token) / 32] |= 1u << static_cast<uint32_t>(token) % 32;
    };
    const std::span<const TokenTrie::Node> nodes = trie_->nodes();
    path_[0] = state;
    for (uint32_t at = 0; at < nodes.size();) {
        const TokenTrie::Node& node = nodes[at];
        const State next = matcher_.step(path_[node.depth - 1u], node.byte);
        if (next == schema::Matcher::kDead) {
            at = node.end;
            continue;
        }
        path_[node.depth] = next;
        if (node.token != text::kNoToken) allow(node.token);
        ++at;
    }
    for (const auto& [first, twin] : trie_->twins()) {
        const auto token = static_cast<uint32_t>(first);
        if ((mask[token / 32] >> token % 32 & 1u) != 0) allow(twin);
    }
    if (matcher_.accepts(state)) {
        for (const text::TokenId token : end_tokens_) allow(token);
    }
    return mask;
}

const TokenMask& TokenGrammar::mask(State state) {
    const auto found = masks_.find(state);
    if (found != masks_.end()) {
        uses_.splice(uses_.begin(), uses_, found->second.use);
        return found->second.mask;
    }
    TokenMask mask = build_mask(state);
    const size_t most = kMaskBytes / (mask.size() * 4 + 1) + 1;
    while (masks_.size() >= most) {
        masks_.erase(uses_.back());
        uses_.pop_back();
    }
    uses_.push_front(state);
    return masks_.emplace(state, Cached{std::move(mask), uses_.begin()}).first->second.mask;
}

std::vector<text::TokenId> TokenGrammar::forced(State state) {
    const std::string text = matcher_.forced(state).substr(0, kMaxForcedBytes);
    std::vector<text::TokenId> tokens;
    if (text.empty() || !trie_->cut(text, tokens)) return {};
    const std::optional<State> after = step(state, text);
    // A longer token may begin where the last one does.
    if (!after || !only_end(*after)) tokens.pop_back();
    return tokens;
}

std::optional<std::vector<text::TokenId>> TokenGrammar::closing(State state) {
    std::string text;
    while (!matcher_.accepts(state)) {
        const uint64_t left = matcher_.shortest(state);
        uint32_t byte = 0;
        State next = schema::Matcher::kDead;
        for (; byte < 256; ++byte) {
            next = matcher_.step(state, static_cast<uint8_t>(byte));
            if (next != schema::Matcher::kDead && matcher_.shortest(next) < left) break;
        }
        if (byte == 256) return std::nullopt;
        text += static_cast<char>(byte);
        state = next;
    }
    std::vector<text::TokenId> tokens;
    if (!trie_->cut(text, tokens)) return std::nullopt;
    return tokens;
}

}  // namespace alv::local
