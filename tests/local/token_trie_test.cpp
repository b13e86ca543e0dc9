#include "local/token_trie.h"

#include <gtest/gtest.h>

#include <array>

#include "local/fakes.h"

namespace alv::local {
namespace {

// Tokens by hand; those in <> are control tokens.
class ListTokenizer : public text::Tokenizer {
  public:
    explicit ListTokenizer(std::vector<std::string> tokens) : Tokenizer(listed(std::move(tokens))) {
        end_tokens_ = {0};
    }
    Status encode(std::span<const text::TextPart>, std::vector<text::TokenId>&) const override {
        return unsupported("it only decodes");
    }
    std::string decode(text::TokenId token, bool render_special) const override {
        const std::string& name = vocabulary_.tokens[static_cast<size_t>(token)];
        return name.front() == '<' && !render_special ? "" : name;
    }

  private:
    static text::Vocabulary listed(std::vector<std::string> tokens) {
        text::Vocabulary vocabulary;
        vocabulary.tokens = std::move(tokens);
        return vocabulary;
    }
};

TEST(TokenTrie, HoldsEveryTokenOnceInPreorder) {
    const ListTokenizer tokenizer({"</s>", "ab", "a", "abc", "b", "<call>", "<pad>", "ab", "ac"});
    const std::array<std::string_view, 1> markers = {"<call>"};
    const TokenTrie trie(tokenizer, markers);
    std::vector<std::string> seen;
    std::string path;
    for (const TokenTrie::Node& node : trie.nodes()) {
        path.resize(node.depth - 1u);
        path += static_cast<char>(node.byte);
        if (node.token != text::kNoToken) {
            seen.push_back(path);
            EXPECT_EQ(trie.bytes(node.token), path);
        }
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"<call>", "a", "ab", "abc", "ac", "b"}));
    ASSERT_EQ(trie.twins().size(), 1u);
    EXPECT_EQ(trie.twins()[0], (std::pair<text::TokenId, text::TokenId>{1, 7}));
    EXPECT_EQ(trie.bytes(6), "");
}

TEST(TokenTrie, SkippingASubtreeLeadsToTheNextSibling) {
    const ListTokenizer tokenizer({"</s>", "ab", "abc", "abd", "b"});
    const TokenTrie trie(tokenizer, {});
    const auto nodes = trie.nodes();
    ASSERT_EQ(nodes[0].byte, 'a');
    EXPECT_EQ(nodes[nodes[0].end].byte, 'b');
    EXPECT_EQ(nodes.back().end, nodes.size());
}

TEST(TokenTrie, CutsTheLongestTokensFirst) {
    const ListTokenizer tokenizer({"</s>", "ab", "a", "abc", "b", "d"});
    const TokenTrie trie(tokenizer, {});
    std::vector<text::TokenId> tokens;
    EXPECT_TRUE(trie.cut("abcdab", tokens));
    EXPECT_EQ(tokens, (std::vector<text::TokenId>{3, 5, 1}));
    EXPECT_FALSE(trie.cut("axb", tokens));
}

}  // namespace
}  // namespace alv::local
