// Prompt lookup: what is guessed, when not, and that a reply is the same with it as without.
#include "local/lookup.h"

#include <gtest/gtest.h>

#include "local/harness.h"

namespace alv::local::test {
namespace {

std::string guess(Lookup& lookup, const std::string& context, size_t most = 7, uint32_t cost = 2) {
    const std::vector<TokenId> tokens = to_tokens(context);
    return to_text(lookup.guess(tokens, most, cost));
}

TEST(Lookup, GuessesWhatFollowedTheLongestMatchTheLastOnes) {
    Lookup lookup;
    EXPECT_EQ(guess(lookup, "the black cat; the black c"), "at; the");
    EXPECT_EQ(guess(lookup, "one two three, two three. one two three"), ", two t");
    EXPECT_EQ(guess(lookup, "abcX abcY abc"), "Y abc");
    EXPECT_EQ(guess(lookup, "abcdef abc", 2), "de");
    EXPECT_EQ(guess(lookup, "hahahaha"), "ha");
}

TEST(Lookup, GuessesNothingWithoutAMatch) {
    Lookup lookup;
    EXPECT_EQ(guess(lookup, ""), "");
    EXPECT_EQ(guess(lookup, "abc"), "");
    EXPECT_EQ(guess(lookup, "ab cd ab"), "");  // two alike
    EXPECT_EQ(guess(lookup, "abcdef abc", 0), "");
}

TEST(Lookup, StopsWhileItIsWrongAndTriesAgain) {
    Lookup lookup;
    int tried = 0;
    int last = -1;
    for (int i = 0; i < 200; ++i) {
        if (guess(lookup, "abcdef abc", 7, 3).empty()) continue;
        ++tried;
        last = i;
        lookup.learn(0);
    }
    EXPECT_LT(tried, 40);
    EXPECT_GT(last, 180);
    for (int i = 0; i < 20; ++i) lookup.learn(7);
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(guess(lookup, "abcdef abc", 7, 3).empty());
}

// Says over and over what the prompt says, but for every 11th token.
TokenId parrot(std::span<const TokenId> context, const model::SamplerParams& sampler) {
    if (context.size() % 11 == 0) return 'a' + static_cast<TokenId>(sampler.seed % 20);
    return context[context.size() - 20];
}

struct Case {
    uint32_t max_tokens;
    std::string stop;
    float repeat_penalty;
    uint32_t context;
};

TEST(Lookup, TheReplyIsTheSameWithAndWithout) {
    const std::vector<Case> cases = {
        {60, "", 0, 0}, {1, "", 0, 0}, {2, "", 1.1f, 0}, {60, "q1", 0, 0}, {0, "", 1.2f, 64}};
    uint32_t accepted = 0;
    for (const Case& c : cases) {
        std::vector<std::shared_ptr<Listener>> heard;
        std::vector<std::vector<FakeWorld::StepNote>> steps;
        for (const bool with : {true, false}) {
            auto w = std::make_shared<FakeWorld>();
            w->next = parrot;
            Harness h(w);
            auto request = h.request(h.open(c.context), "0123456789ABCDEFGHIJ", c.max_tokens);
            request.prompt_lookup = with;
            request.sampling.repeat_penalty = c.repeat_penalty;
            request.sampling.penalty_window = 9;
            request.sampling.seed = 16;  // "q"
            request.n_top = 2;
            if (!c.stop.empty()) request.stop_strings = {c.stop};
            heard.push_back(h.run(std::move(request)));
            steps.push_back(w->steps());
        }
        EXPECT_EQ(heard[0]->tokens, heard[1]->tokens);
        EXPECT_EQ(heard[0]->text, heard[1]->text);
        EXPECT_EQ(heard[0]->finish(), heard[1]->finish());
        EXPECT_EQ(heard[0]->usage().generated_tokens, heard[1]->usage().generated_tokens);
        EXPECT_EQ(heard[1]->usage().drafted_tokens, 0u);
        EXPECT_LE(heard[0]->usage().accepted_tokens, heard[0]->usage().drafted_tokens);
        accepted += heard[0]->usage().accepted_tokens;
        // A step of drafts penalises what one alone would.
        for (const auto& note : steps[0]) {
            for (const auto& other : steps[1]) {
                if (note.n_together > 1 || note.first != other.first) continue;
                EXPECT_EQ(note.penalty_tokens, other.penalty_tokens);
            }
        }
    }
    EXPECT_GT(accepted, 60u);
}

TEST(Lookup, TheNextPromptFindsAllOfTheReplyInTheCache) {
    auto w = std::make_shared<FakeWorld>();
    w->next = parrot;
    Harness h(w);
    const auto conversation = h.open(0, true);
    const std::string prompt = "0123456789ABCDEFGHIJ";
    const auto first = h.run(h.request(conversation, prompt, 40));
    EXPECT_GT(first->usage().accepted_tokens, 10u);
    const auto second = h.run(h.request(conversation, prompt + to_text(first->tokens) + "xyz", 3));
    EXPECT_EQ(second->usage().reused_tokens, prompt.size() + 39);
}

TEST(Lookup, CancelledInTheMiddleOfADraft) {
    auto w = std::make_shared<FakeWorld>();
    w->next = parrot;
    w->slice_tokens = 1;
    w->slice_time = 1ms;
    Harness h(w);
    for (int slices = 20; slices < 60; slices += 3) {
        auto heard = std::make_shared<Listener>();
        const auto conversation = h.open();
        auto ticket = h.submit(h.request(conversation, "0123456789ABCDEFGHIJ", 400), heard);
        const uint64_t before = w->slices_submitted;
        while (w->slices_submitted < before + static_cast<uint64_t>(slices)) {
            ASSERT_TRUE(h.runtime->step(std::chrono::microseconds(100)).ok());
        }
        ticket->cancel();
        h.drive({heard});
        EXPECT_EQ(heard->finish(), engine::FinishReason::kCancelled);
        const auto again = h.run(h.request(conversation, "0123456789ABCDEFGHIJ", 30));
        EXPECT_EQ(again->tokens.size(), 30u);
    }
}

TEST(Lookup, WithoutRoomForADraftItGoesOnOneByOne) {
    auto w = std::make_shared<FakeWorld>();
    w->next = parrot;
    w->begin_fault = [](const model::StepRequest& request) -> Status {
        return request.tokens[0] == 'C' && request.sequence->length() > 24
                   ? out_of_device_memory("no page for a draft")
                   : ok_status();
    };
    Harness h(w);
    auto request = h.request(h.open(), "0123456789ABCDEFGHIJ", 12);
    const auto heard = h.run(std::move(request));
    EXPECT_EQ(heard->tokens, expected_tokens(*w, to_tokens("0123456789ABCDEFGHIJ"), 12));
}

}  // namespace
}  // namespace alv::local::test
