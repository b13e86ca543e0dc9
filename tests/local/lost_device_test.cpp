// A lost device costs time, not the conversation.
#include <gtest/gtest.h>

#include "local/harness.h"

namespace alv::local::test {
namespace {

TEST(LostDevice, EachRequestFailsOnceAndTheNextAreRefusedUntilItIsRebuilt) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    auto a = std::make_shared<Listener>();
    auto b = std::make_shared<Listener>();
    const auto conversation = h.open();
    h.submit(h.request(conversation, "first", 100), a);
    h.submit(h.request(h.open(), "second", 100), b);
    while (a->tokens.size() < 3) ASSERT_TRUE(h.runtime->step(1us).ok());
    w->lost = true;
    h.drive({a, b});
    EXPECT_EQ(a->status().code(), Code::kDeviceLost);
    EXPECT_EQ(b->status().code(), Code::kDeviceLost);
    EXPECT_TRUE(h.runtime->scheduler().lost());

    auto refused = std::make_shared<Listener>();
    EXPECT_EQ(h.model->submit(h.request(conversation, "x", 1), refused).status().code(),
              Code::kDeviceLost);

    ASSERT_TRUE(h.runtime->rebuild({}).ok());
    EXPECT_FALSE(h.runtime->scheduler().lost());
    EXPECT_TRUE(h.model->wait(Clock::now() + 10s).ok());
    const auto again = h.run(h.request(conversation, "first", 10));
    EXPECT_EQ(again->tokens, expected_tokens(*w, to_tokens("first"), 10));
    EXPECT_EQ(again->usage().reused_tokens, 0u);
}

TEST(LostDevice, ARequestMadeWhileTheModelLoadsAgainWaitsForIt) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    const auto conversation = h.open();
    h.run(h.request(conversation, "first", 3));
    ASSERT_TRUE(h.runtime->rebuild({}).ok());
    const auto again = h.run(h.request(conversation, "first", 3));
    EXPECT_EQ(again->tokens, expected_tokens(*w, to_tokens("first"), 3));
}

TEST(LostDevice, NothingOfTheOldModelIsKeptWhileItLoadsAgain) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    auto heard = std::make_shared<Listener>();
    const auto ticket = h.submit(h.request(h.open(), "kept by the host", 3), heard);
    h.drive({heard});
    EXPECT_EQ(w->live_texts, 1);
    ASSERT_TRUE(h.runtime->rebuild({}).ok());
    EXPECT_EQ(h.model->progress().phase, ModelPhase::kLoading);
    EXPECT_EQ(w->live_texts, 0);
    EXPECT_EQ(w->live_decoders, 0);
    EXPECT_EQ(h.model->n_vocab(), kVocab);
    EXPECT_TRUE(h.model->wait(Clock::now() + 10s).ok());
}

TEST(LostDevice, WithoutANewDeviceItStaysLostAndCanBeTriedAgain) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    const auto conversation = h.open();
    w->device_fault = [] { return unsupported("the driver is gone"); };
    EXPECT_EQ(h.runtime->rebuild({}).code(), Code::kUnsupported);
    EXPECT_TRUE(h.runtime->scheduler().lost());
    w->device_fault = nullptr;
    ASSERT_TRUE(h.runtime->rebuild({}).ok());
    EXPECT_EQ(h.run(h.request(conversation, "x", 2))->tokens.size(), 2u);
}

TEST(LostDevice, InALoadItFailsTheLoadAndARebuildLoadsAgain) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    w->load_fault = [](uint32_t) { return device_lost("gone"); };
    const auto model = h.runtime->open_model({}, {}).value();
    EXPECT_EQ(model->wait(Clock::now() + 10s).code(), Code::kDeviceLost);
    EXPECT_TRUE(h.runtime->scheduler().lost());
    w->load_fault = nullptr;
    ASSERT_TRUE(h.runtime->rebuild({}).ok());
    EXPECT_TRUE(model->wait(Clock::now() + 10s).ok());
}

TEST(LostDevice, RebuildingInTheMiddleOfEverythingIsFine) {
    auto w = std::make_shared<FakeWorld>();
    w->slice_time = 1ms;  // no reply ends before the device is replaced
    Harness h(w, false);
    for (int round = 0; round < 20; ++round) {
        auto heard = std::make_shared<Listener>();
        h.submit(h.request(h.open(), std::string(80, 'x'), 200), heard);
        ASSERT_TRUE(h.runtime->rebuild({}).ok());
        EXPECT_EQ(heard->status().code(), Code::kDeviceLost);
    }
    EXPECT_TRUE(h.model->wait(Clock::now() + 10s).ok());
}

}  // namespace
}  // namespace alv::local::test
