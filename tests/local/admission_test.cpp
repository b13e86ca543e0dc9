// The kv pool is shared: who may begin, who gives way.
#include <gtest/gtest.h>

#include "local/harness.h"

namespace alv::local::test {
namespace {

using engine::FinishReason;

std::shared_ptr<FakeWorld> small_pool() {
    auto w = std::make_shared<FakeWorld>();
    w->pool_tokens = 128;
    return w;
}

TEST(Admission, WhoeverDoesNotFitWaitsAndThenRuns) {
    Harness h(small_pool());
    std::vector<std::shared_ptr<Listener>> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(std::make_shared<Listener>());
        h.submit(h.request(h.open(100), std::string(40, static_cast<char>('a' + i)), 50),
                 all.back());
    }
    h.drive(all);
    for (const auto& heard : all) {
        EXPECT_EQ(heard->finish(), FinishReason::kMaxTokens) << heard->status().message();
        EXPECT_EQ(heard->tokens.size(), 50u);
    }
}

TEST(Admission, SmallRequestsRunTogether) {
    auto w = small_pool();
    Harness h(w);
    auto a = std::make_shared<Listener>();
    auto b = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "aa", 8), a);
    h.submit(h.request(h.open(), "bb", 8), b);
    h.drive({a, b});
    EXPECT_EQ(w->steps()[10].n_together, 2u);
}

TEST(Admission, AnIdleConversationGivesItsRoomTheOldestFirst) {
    auto w = small_pool();
    Harness h(w);
    const auto oldest = h.open(100);
    const auto newer = h.open(100);
    h.run(h.request(oldest, std::string(30, 'o'), 1));
    h.run(h.request(newer, std::string(30, 'n'), 1));
    EXPECT_EQ(oldest->cached_tokens(), 30u);
    h.run(h.request(h.open(100), std::string(80, 'x'), 1));
    EXPECT_EQ(oldest->cached_tokens(), 0u);
    EXPECT_EQ(newer->cached_tokens(), 30u);
    // What was taken is computed again, and the reply is the same.
    const auto again = h.run(h.request(oldest, std::string(30, 'o'), 4));
    EXPECT_EQ(again->tokens, expected_tokens(*w, to_tokens(std::string(30, 'o')), 4));
}

TEST(Admission, AClosedConversationGivesItsRoomBackAtOnce) {
    auto w = small_pool();
    Harness h(w);
    auto conversation = h.open(100);
    h.run(h.request(conversation, std::string(60, 'o'), 1));
    EXPECT_EQ(w->live_sequences, 1);
    conversation.reset();
    EXPECT_EQ(w->live_sequences, 0);
}

TEST(Admission, ADroppedCacheGivesItsRoomBackAtOnce) {
    auto w = small_pool();
    Harness h(w);
    const auto conversation = h.open(100);
    h.run(h.request(conversation, std::string(60, 'o'), 1));
    conversation->drop_cache();
    EXPECT_EQ(w->live_sequences, 0);
    EXPECT_EQ(conversation->cached_tokens(), 0u);
}

TEST(Admission, ANoPageErrorEndsOnlyTheOneThatMetIt) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    w->begin_fault = [](const model::StepRequest& request) {
        return request.tokens[0] == 'B' ? out_of_device_memory("no free page") : ok_status();
    };
    auto good = std::make_shared<Listener>();
    auto bad = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "A", 5), good);
    h.submit(h.request(h.open(), "B", 5), bad);
    h.drive({good, bad});
    EXPECT_EQ(bad->status().code(), Code::kOutOfDeviceMemory);
    EXPECT_EQ(good->finish(), FinishReason::kMaxTokens);
}

TEST(Admission, AContextThatThePoolCannotHoldIsRefusedAtOnce) {
    Harness h(small_pool());
    const Status status = h.model->open(129, false).status();
    EXPECT_EQ(status.code(), Code::kLimitExceeded);
    EXPECT_NE(status.message().find("129"), std::string::npos);
    EXPECT_NE(status.message().find("128"), std::string::npos);
    EXPECT_EQ(h.open(0)->context_tokens(), 128u);
}

}  // namespace
}  // namespace alv::local::test
