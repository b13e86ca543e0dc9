// One request: its tokens, its events, its end.
#include <gtest/gtest.h>

#include "local/harness.h"

namespace alv::local::test {
namespace {

using engine::EventType;
using engine::FinishReason;

std::shared_ptr<FakeWorld> world() {
    return std::make_shared<FakeWorld>();
}

// Says `text`, then the end token, whatever the prompt of `n_prompt` tokens was.
FakeWorld::Next say(std::string text, size_t n_prompt) {
    return [text = std::move(text), n_prompt](std::span<const TokenId> context, const auto&) {
        const size_t at = context.size() - n_prompt;
        return at < text.size() ? TokenId{static_cast<unsigned char>(text[at])} : kEos;
    };
}

TEST(Generation, GivesTheTokensOfTheDecoder) {
    Harness h(world());
    const auto heard = h.run("hello there, this is longer than a step", 20);
    EXPECT_EQ(heard->tokens, expected_tokens(*h.world,
                                             to_tokens("hello there, this is longer than a "
                                                       "step"),
                                             20));
    EXPECT_EQ(heard->text, to_text(heard->tokens));
    EXPECT_EQ(heard->finish(), FinishReason::kMaxTokens);
}

TEST(Generation, EventsComeInTheirOrder) {
    Harness h(world());
    const auto heard = h.run("0123456789012345678901234567890123456789", 2);
    std::vector<EventType> types;
    for (const auto& event : heard->events) types.push_back(event.type);
    EXPECT_EQ(types, (std::vector{EventType::kPrompt, EventType::kPrefill, EventType::kPrefill,
                                  EventType::kPrefill, EventType::kToken, EventType::kText,
                                  EventType::kToken, EventType::kText, EventType::kDone}));
    EXPECT_EQ(heard->events[0].prompt_tokens.size(), 40u);
    EXPECT_EQ(heard->events[1].done, 16u);
    EXPECT_EQ(heard->events[1].total, 40u);
    EXPECT_EQ(heard->events[3].done, 40u);
}

TEST(Generation, TheEndTokenEndsItAndIsNotInTheText) {
    auto w = world();
    w->next = say("bye", 2);
    Harness h(w);
    const auto heard = h.run("xy", 50);
    EXPECT_EQ(heard->text, "bye");
    EXPECT_EQ(heard->tokens.back(), kEos);
    EXPECT_EQ(heard->finish(), FinishReason::kEndToken);
    EXPECT_EQ(heard->usage().generated_tokens, 4u);
    EXPECT_EQ(heard->usage().prompt_tokens, 2u);
}

TEST(Generation, EndTokensCanBeIgnoredAndWrittenOut) {
    auto w = world();
    w->next = say("a", 1);
    Harness h(w);
    auto request = h.request(h.open(), "x", 3);
    request.ignore_end = true;
    request.render_special = true;
    const auto heard = h.run(std::move(request));
    EXPECT_EQ(heard->text, "a</s></s>");
    EXPECT_EQ(heard->finish(), FinishReason::kMaxTokens);
}

TEST(Generation, AStopStringEndsItAndNoPartOfItIsShown) {
    auto w = world();
    w->next = say("one two three", 1);
    Harness h(w);
    auto request = h.request(h.open(), "x", 50);
    request.stop_strings = {"two", "zzz"};
    const auto heard = h.run(std::move(request));
    EXPECT_EQ(heard->text, "one ");
    EXPECT_EQ(heard->finish(), FinishReason::kStopString);
}

TEST(Generation, TextHeldForAStopStringComesWhenTheReplyEnds) {
    auto w = world();
    w->next = say("one tw", 1);
    Harness h(w);
    auto request = h.request(h.open(), "x", 50);
    request.stop_strings = {"two"};
    const auto heard = h.run(std::move(request));
    EXPECT_EQ(heard->text, "one tw");
    EXPECT_EQ(heard->finish(), FinishReason::kEndToken);
}

TEST(Generation, AFullContextIsAReasonToEnd) {
    Harness h(world());
    const auto heard = h.run(h.request(h.open(20), "0123456789", 0));
    EXPECT_EQ(heard->finish(), FinishReason::kContextFull);
    // The last token needs no room: nothing is computed from it.
    EXPECT_EQ(heard->tokens.size(), 11u);
}

TEST(Generation, APromptThatFillsTheContextStillGetsAToken) {
    Harness h(world());
    const auto heard = h.run(h.request(h.open(10), "0123456789", 0));
    EXPECT_EQ(heard->tokens.size(), 1u);
    EXPECT_EQ(heard->finish(), FinishReason::kContextFull);
}

TEST(Generation, APromptLongerThanTheContextFailsWithBothNumbers) {
    Harness h(world());
    const auto heard = h.run(h.request(h.open(9), "0123456789", 1));
    EXPECT_EQ(heard->status().code(), Code::kLimitExceeded);
    EXPECT_NE(heard->status().message().find("10 tokens"), std::string::npos);
    EXPECT_NE(heard->status().message().find("9"), std::string::npos);
}

TEST(Generation, ThePenaltySeesTheLastTokensOfPromptAndReply) {
    auto w = world();
    w->next = say("AB", 4);
    Harness h(w);
    auto request = h.request(h.open(), "wxyz", 3);
    request.sampling.repeat_penalty = 1.5f;
    request.sampling.penalty_window = 3;
    h.run(std::move(request));
    const auto steps = w->steps();
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[0].penalty_tokens, to_tokens("xyz"));
    EXPECT_EQ(steps[1].penalty_tokens, to_tokens("yzA"));
    EXPECT_EQ(steps[2].penalty_tokens, to_tokens("zAB"));
}

TEST(Generation, WithoutAPenaltyNoTokensAreSent) {
    auto w = world();
    Harness h(w);
    h.run("wxyz", 2);
    for (const auto& step : w->steps()) EXPECT_TRUE(step.penalty_tokens.empty());
}

TEST(Generation, NoPromptEndsInAPrefillStepOfOneToken) {
    for (uint32_t n = 1; n < 70; ++n) {
        auto w = world();
        Harness h(w);
        h.run(std::string(n, 'x'), 1);
        const auto steps = w->steps();
        uint32_t sum = 0;
        for (const auto& step : steps) {
            EXPECT_TRUE(step.n_tokens > 1 || n == 1) << n;
            EXPECT_EQ(step.sample, &step == &steps.back()) << n;
            sum += step.n_tokens;
        }
        EXPECT_EQ(sum, n);
    }
}

TEST(Generation, TopLogprobsAreHandedOn) {
    Harness h(world());
    auto request = h.request(h.open(), "x", 1);
    request.n_top = 5;
    const auto heard = h.run(std::move(request));
    for (const auto& event : heard->events) {
        if (event.type == EventType::kToken) {
            EXPECT_EQ(event.top.size(), 5u);
        }
    }
}

TEST(Generation, CancelledBeforeItBegan) {
    Harness h(world());
    auto heard = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "x", 5), heard)->cancel();
    h.drive({heard});
    EXPECT_EQ(heard->finish(), FinishReason::kCancelled);
    EXPECT_TRUE(heard->tokens.empty());
}

TEST(Generation, CancelledInPrefillLeavesTheCacheAtADefinedPoint) {
    auto w = world();
    Harness h(w);
    const auto conversation = h.open();
    auto heard = std::make_shared<Listener>();
    std::shared_ptr<engine::Ticket> ticket;
    heard->react = [&](const engine::Event& event) {
        if (event.type == EventType::kPrefill) ticket->cancel();
        return true;
    };
    ticket = h.submit(h.request(conversation, std::string(100, 'x'), 5), heard);
    h.drive({heard});
    EXPECT_EQ(heard->finish(), FinishReason::kCancelled);
    EXPECT_EQ(conversation->cached_tokens(), 16u);
    // And the conversation goes on.
    const auto again = h.run(h.request(conversation, std::string(100, 'x'), 5));
    EXPECT_EQ(again->tokens, expected_tokens(*w, to_tokens(std::string(100, 'x')), 5));
    EXPECT_EQ(again->usage().reused_tokens, 16u);
}

TEST(Generation, CancelIsSeenBetweenSlices) {
    auto w = world();
    w->slice_tokens = 1;
    w->step_tokens = 64;
    w->slice_time = 1ms;
    Harness h(w);
    auto heard = std::make_shared<Listener>();
    const auto ticket = h.submit(h.request(h.open(), std::string(64, 'x'), 5), heard);
    while (w->slices_submitted < 3) ASSERT_TRUE(h.runtime->step(500us).ok());
    ticket->cancel();
    const uint64_t before = w->slices_submitted;
    h.drive({heard});
    EXPECT_EQ(heard->finish(), FinishReason::kCancelled);
    EXPECT_LE(w->slices_submitted, before + 1);
}

TEST(Generation, AListenerThatFailsEndsItWithCallbackFailed) {
    Harness h(world());
    auto heard = std::make_shared<Listener>();
    heard->react = [](const engine::Event& event) { return event.type != EventType::kToken; };
    h.submit(h.request(h.open(), "abc", 5), heard);
    h.drive({heard});
    EXPECT_EQ(heard->status().code(), Code::kCallbackFailed);
    EXPECT_EQ(heard->tokens.size(), 1u);
}

TEST(Generation, ATokenOutsideTheVocabularyIsAnErrorNotACrash) {
    auto w = world();
    w->next = [](std::span<const TokenId>, const auto&) { return TokenId{100000}; };
    Harness h(w);
    EXPECT_EQ(h.run("x", 3)->status().code(), Code::kInternal);
}

TEST(Generation, AnExceptionInTheDecoderEndsOnlyThatGeneration) {
    auto w = world();
    Harness h(w);
    w->begin_fault = [](const model::StepRequest& request) -> Status {
        if (request.tokens[0] == 'B') throw std::bad_alloc();
        return ok_status();
    };
    auto good = std::make_shared<Listener>();
    auto bad = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "A good one", 9), good);
    h.submit(h.request(h.open(), "Bad", 9), bad);
    h.drive({good, bad});
    EXPECT_EQ(good->tokens, expected_tokens(*w, to_tokens("A good one"), 9));
    EXPECT_EQ(bad->status().code(), Code::kOutOfHostMemory);
}

}  // namespace
}  // namespace alv::local::test
