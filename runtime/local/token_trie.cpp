#include "local/token_trie.h"

#include <algorithm>

namespace alv::local {
namespace {

constexpr size_t kMaxTokenBytes = 1024;  // longer ones are never drawn under a mask

}  // namespace

TokenTrie::TokenTrie(const text::Tokenizer& tokenizer, std::span<const std::string_view> markers)
    : tokenizer_(&tokenizer), n_tokens_(tokenizer.size()) {
    std::vector<std::pair<std::string, text::TokenId>> sorted;
    sorted.reserve(n_tokens_);
    for (text::TokenId token = 0; token < static_cast<text::TokenId>(n_tokens_); ++token) {
        std::string bytes = tokenizer.decode(token);
        if (bytes.empty()) {
            std::string name = tokenizer.decode(token, true);
            if (std::find(markers.begin(), markers.end(), name) == markers.end()) continue;
            markers_.emplace_back(token, name);
            bytes = std::move(name);
        }
        if (!bytes.empty() && bytes.size() <= kMaxTokenBytes && !tokenizer.is_end(token)) {
            sorted.emplace_back(std::move(bytes), token);
        }
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [bytes, token] : sorted) add(bytes, token);
    for (const uint32_t node : open_) nodes_[node].end = static_cast<uint32_t>(nodes_.size());
    open_ = {};
    std::sort(twins_.begin(), twins_.end());
}

// Tokens come in the order of their bytes: what the path does not share with the last one is shut.
void TokenTrie::add(std::string_view bytes, text::TokenId token) {
    size_t shared = 0;
    while (shared < open_.size() && shared < bytes.size() &&
           nodes_[open_[shared]].byte == static_cast<uint8_t>(bytes[shared])) {
        ++shared;
    }
    for (size_t i = shared; i < open_.size(); ++i) {
        nodes_[open_[i]].end = static_cast<uint32_t>(nodes_.size());
    }
    open_.resize(shared);
    for (size_t i = shared; i < bytes.size(); ++i) {
        open_.push_back(static_cast<uint32_t>(nodes_.size()));
        nodes_.push_back(
            {0, text::kNoToken, static_cast<uint16_t>(i + 1), static_cast<uint8_t>(bytes[i])});
    }
    max_depth_ = std::max(max_depth_, static_cast<uint32_t>(bytes.size()));
    Node& last = nodes_[open_.back()];
    if (last.token == text::kNoToken) {
        last.token = token;
    } else {
        twins_.emplace_back(last.token, token);
    }
}

std::string TokenTrie::bytes(text::TokenId token) const {
    for (const auto& [marker, name] : markers_) {
        if (marker == token) return name;
    }
    return tokenizer_->decode(token);
}

bool TokenTrie::cut(std::string_view text, std::vector<text::TokenId>& out) const {
    while (!text.empty()) {
        text::TokenId longest = text::kNoToken;
        size_t length = 0;
        size_t depth = 0;
        uint32_t at = 0;
        uint32_t end = static_cast<uint32_t>(nodes_.size());
        while (at < end && depth < text.size()) {
            const Node& node = nodes_[at];
            if (node.byte != static_cast<uint8_t>(text[depth])) {
                at = node.end;
                continue;
            }
            ++depth;
            if (node.token != text::kNoToken) {
                longest = node.token;
                length = depth;
            }
            end = node.end;
            ++at;
        }
        if (longest == text::kNoToken) return false;
        out.push_back(longest);
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace alv::local
