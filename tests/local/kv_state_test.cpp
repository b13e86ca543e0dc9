#include "local/kv_state.h"

#include <gtest/gtest.h>

#include <vector>

namespace alv::local {
namespace {

using Tokens = std::vector<text::TokenId>;

struct CountingSequence : model::Sequence {
    uint32_t n = 0;
    uint32_t length() const override { return n; }
    void truncate(uint32_t length) override { n = length; }
};

// A cache of `prefilled` and, behind it, `decoded`.
std::unique_ptr<KvState> filled(bool fast, const Tokens& prefilled, const Tokens& decoded) {
    auto kv = std::make_unique<KvState>(64, fast);
    auto sequence = std::make_unique<CountingSequence>();
    sequence->n = static_cast<uint32_t>(prefilled.size() + decoded.size());
    kv->sequence = std::move(sequence);
    kv->append(prefilled, true);
    kv->append(decoded, false);
    return kv;
}

TEST(KvState, KeepsTheSharedPrefixThatPrefillComputed) {
    const auto kv = filled(false, {1, 2, 3, 4}, {5, 6});
    EXPECT_EQ(kv->reuse(Tokens{1, 2, 3, 9, 9, 9}), 3u);
    EXPECT_EQ(kv->tokens, (Tokens{1, 2, 3}));
    EXPECT_EQ(kv->sequence->length(), 3u);
    EXPECT_EQ(kv->cached_tokens, 3u);
}

TEST(KvState, WhatDecodingComputedIsComputedAnewUnlessFast) {
    EXPECT_EQ(filled(false, {1, 2, 3}, {4, 5})->reuse(Tokens{1, 2, 3, 4, 5, 6, 7}), 3u);
    EXPECT_EQ(filled(true, {1, 2, 3}, {4, 5})->reuse(Tokens{1, 2, 3, 4, 5, 6, 7}), 5u);
}

TEST(KvState, TheLastTwoTokensOfAPromptAreAlwaysComputed) {
    EXPECT_EQ(filled(false, {1, 2, 3, 4}, {})->reuse(Tokens{1, 2, 3, 4}), 2u);
    EXPECT_EQ(filled(false, {1, 2, 3, 4}, {})->reuse(Tokens{1, 2}), 0u);
    EXPECT_EQ(filled(false, {1, 2, 3, 4}, {})->reuse(Tokens{1}), 0u);
}

TEST(KvState, WithoutASequenceNothingIsReused) {
    KvState kv(64, false);
    EXPECT_EQ(kv.reuse(Tokens{1, 2, 3}), 0u);
}

TEST(KvState, ASequenceThatDisagreesIsDropped) {
    const auto kv = filled(false, {1, 2, 3, 4}, {});
    kv->sequence->truncate(2);
    EXPECT_EQ(kv->reuse(Tokens{1, 2, 3, 4, 5, 6}), 0u);
    EXPECT_EQ(kv->sequence, nullptr);
}

TEST(KvState, PrefillBehindDecodedTokensDoesNotMakeThemPrefilled) {
    const auto kv = filled(true, {1, 2}, {3});
    kv->append(Tokens{4, 5}, true);
    EXPECT_EQ(kv->n_prefilled, 2u);
}

}  // namespace
}  // namespace alv::local
