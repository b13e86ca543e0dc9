// Many requests, one device: turns, callbacks, teardown.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "local/harness.h"

namespace alv::local::test {
namespace {

using engine::FinishReason;

std::string prompt_of(int i) {
    return "session " + std::to_string(i) + std::string(static_cast<size_t>(i * 7 % 40), '.');
}

TEST(Scheduler, RepliesGoOnTogether) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    auto a = std::make_shared<Listener>();
    auto b = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "aa", 10), a);
    h.submit(h.request(h.open(), "bb", 10), b);
    h.drive({a, b});
    const auto steps = w->steps();
    ASSERT_EQ(steps.size(), 20u);  // of both, with what they read
    // Each reads its prompt alone, and the first may speak once before the second has read.
    size_t together = 0;
    for (const auto& step : steps) together += step.n_together == 2 ? 1 : 0;
    EXPECT_GE(together, 16u);
}

TEST(Scheduler, RepliesThatAreFasterOneByOneTakeTurns) {
    auto w = std::make_shared<FakeWorld>();
    w->least_batch = 3;
    Harness h(w);
    auto a = std::make_shared<Listener>();
    auto b = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "aa", 10), a);
    h.submit(h.request(h.open(), "bb", 10), b);
    h.drive({a, b});
    const auto steps = w->steps();
    ASSERT_EQ(steps.size(), 20u);
    for (size_t i = 3; i < 18; ++i) {
        EXPECT_EQ(steps[i].n_together, 1u);
        EXPECT_NE(steps[i].sequence, steps[i - 1].sequence) << i;
    }
}

TEST(Scheduler, APromptAndRepliesTakeTurns) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    std::vector<std::shared_ptr<Listener>> all;
    for (int i = 0; i < 4; ++i) all.push_back(std::make_shared<Listener>());
    size_t before = 0;
    all[2]->react = [&](const engine::Event&) {
        if (all[2]->tokens.size() == 3 && before == 0) {
            before = w->steps().size();
            h.submit(h.request(h.open(), std::string(100, 'p'), 5), all[3]);
        }
        return true;
    };
    for (size_t i = 0; i < 3; ++i) {
        h.submit(h.request(h.open(), prompt_of(static_cast<int>(i)), 40), all[i]);
    }
    h.drive(all);
    // 7 steps of 16 tokens, and between two of them the three replies, once.
    const auto steps = w->steps();
    size_t replies = 0;
    size_t prompts = 0;
    for (size_t i = before; i < steps.size() && prompts < 7; ++i) {
        if (steps[i].n_tokens == 1) {
            ++replies;
            continue;
        }
        if (prompts++ > 0) {
            EXPECT_EQ(replies, 3u) << i;
        }
        replies = 0;
    }
    EXPECT_EQ(prompts, 7u);
}

TEST(Scheduler, MoreRepliesThanOneStepTakesAllGoOn) {
    auto w = std::make_shared<FakeWorld>();
    w->pool_tokens = 4096;
    w->batch = 4;
    Harness h(w);
    std::vector<std::shared_ptr<Listener>> all;
    for (int i = 0; i < 11; ++i) {
        all.push_back(std::make_shared<Listener>());
        h.submit(h.request(h.open(64), "q" + std::to_string(i), 40), all.back());
    }
    while (!all[0]->over()) ASSERT_TRUE(h.runtime->step(1ms).ok());
    for (const auto& one : all) EXPECT_GT(one->tokens.size(), 20u);  // nobody is left behind
    h.drive(all);
    for (int i = 0; i < 11; ++i) {
        EXPECT_EQ(all[static_cast<size_t>(i)]->tokens,
                  expected_tokens(*w, to_tokens("q" + std::to_string(i)), 40));
    }
}

TEST(Scheduler, WhoIsCancelledLeavesTheBatchAndTheOthersGoOn) {
    auto w = std::make_shared<FakeWorld>();
    w->slice_tokens = 1;  // a slice a row: cancelled in the middle of a step
    Harness h(w);
    std::vector<std::shared_ptr<Listener>> all;
    std::vector<std::shared_ptr<engine::Ticket>> tickets;
    std::vector<std::shared_ptr<engine::Conversation>> conversations;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::make_shared<Listener>());
        conversations.push_back(h.open());
        tickets.push_back(h.submit(h.request(conversations.back(), prompt_of(i), 30), all.back()));
    }
    while (all[3]->tokens.size() < 5)
        ASSERT_TRUE(h.runtime->step(std::chrono::microseconds(1)).ok());
    const uint64_t slices = w->slices_submitted;
    while (w->slices_submitted < slices + 2) {
        ASSERT_TRUE(h.runtime->step(std::chrono::microseconds(1)).ok());
    }
    tickets[1]->cancel();
    conversations[1].reset();  // its kv may go at once
    h.drive(all);
    EXPECT_EQ(all[1]->finish(), FinishReason::kCancelled);
    for (const int i : {0, 2, 3}) {
        EXPECT_EQ(all[static_cast<size_t>(i)]->tokens,
                  expected_tokens(*w, to_tokens(prompt_of(i)), 30));
    }
}

TEST(Scheduler, OneThatCannotGoOnHarmsNoOtherOfItsBatch) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    std::vector<std::shared_ptr<Listener>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::make_shared<Listener>());
        auto request = h.request(h.open(), prompt_of(i), 12);
        request.sampling.seed = static_cast<uint64_t>(i);  // greedy: tells who it is, no more
        h.submit(std::move(request), all.back());
    }
    w->begin_fault = [](const model::StepRequest& request) -> Status {
        const bool at_fault = request.sampler.seed == 0 && request.sequence->length() > 12;
        return at_fault && request.sample ? out_of_device_memory("no page for it") : ok_status();
    };
    h.drive(all);
    EXPECT_EQ(all[0]->status().code(), Code::kOutOfDeviceMemory);
    for (const int i : {1, 2, 3}) {
        EXPECT_EQ(all[static_cast<size_t>(i)]->tokens,
                  expected_tokens(*w, to_tokens(prompt_of(i)), 12));
    }
}

TEST(Scheduler, TheSameTokensWhateverElseRuns) {
    for (const bool host_stepped : {true, false}) {
        auto w = std::make_shared<FakeWorld>();
        w->pool_tokens = 4096;
        Harness h(w, host_stepped);
        std::vector<std::shared_ptr<Listener>> all;
        for (int i = 0; i < 12; ++i) {
            all.push_back(std::make_shared<Listener>());
            h.submit(h.request(h.open(256), prompt_of(i), 20), all.back());
        }
        h.drive(all);
        for (int i = 0; i < 12; ++i) {
            const auto expected = expected_tokens(*w, to_tokens(prompt_of(i)), 20);
            EXPECT_EQ(all[static_cast<size_t>(i)]->tokens, expected);
        }
    }
}

TEST(Scheduler, ACachedPrefixChangesNothing) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    const auto conversation = h.open();
    const std::string prompt(60, 'p');
    const auto first = h.run(h.request(conversation, prompt, 12));
    const auto second = h.run(h.request(conversation, prompt + "q", 12));
    EXPECT_EQ(second->usage().reused_tokens, 59u);
    EXPECT_EQ(second->tokens, expected_tokens(*w, to_tokens(prompt + "q"), 12));
    const auto third = h.run(h.request(conversation, prompt, 12));
    EXPECT_EQ(third->tokens, first->tokens);
}

TEST(Scheduler, ARequestMadeInACallbackIsServed) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    auto inner = std::make_shared<Listener>();
    auto outer = std::make_shared<Listener>();
    outer->react = [&](const engine::Event& event) {
        if (event.type == engine::EventType::kDone) {
            h.submit(h.request(h.open(), "inner", 3), inner);
            EXPECT_FALSE(h.runtime->step(1ms).ok());
            EXPECT_EQ(h.runtime->rebuild({}).code(), Code::kInvalidState);
        }
        return true;
    };
    h.submit(h.request(h.open(), "outer", 3), outer);
    h.drive({outer, inner});
    EXPECT_EQ(inner->tokens.size(), 3u);
}

TEST(Scheduler, EverythingMayGoInACallback) {
    for (const bool host_stepped : {true, false}) {
        auto w = std::make_shared<FakeWorld>();
        auto h = std::make_unique<Harness>(w, host_stepped);
        std::atomic<bool> gone{false};
        auto heard = std::make_shared<Listener>();
        heard->react = [&](const engine::Event& event) {
            if (event.type == engine::EventType::kToken && !gone) {
                h->model.reset();
                h->runtime.reset();
                gone = true;
            }
            return true;
        };
        h->submit(h->request(h->open(), "x", 1000), heard);
        if (host_stepped) {
            const auto runtime = h->runtime;  // as alv_runtime_step keeps it
            while (!gone) ASSERT_TRUE(runtime->step(1ms).ok());
        } else {
            while (!gone || w->live_decoders != 0) std::this_thread::sleep_for(1ms);
        }
    }
}

TEST(Scheduler, AStepBudgetIsKeptWithWorkInFlight) {
    auto w = std::make_shared<FakeWorld>();
    w->slice_time = 30ms;
    Harness h(w);
    auto heard = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "0123456789", 2), heard);
    int calls = 0;
    while (!heard->over()) {
        ASSERT_TRUE(h.runtime->step(2ms).ok());
        ++calls;
    }
    // 3 slices of prefill and one token more, each of 30 ms: no call waited for a whole slice.
    EXPECT_GT(calls, 12);
    EXPECT_EQ(heard->tokens.size(), 2u);
}

TEST(Scheduler, LoadsAndGenerationsTakeTurnsAndNeverTouchTheDeviceTogether) {
    auto w = std::make_shared<FakeWorld>();
    w->pool_tokens = 2048;
    Harness h(w);
    w->load_units = 300;  // many turns long
    w->load_unit_time = 1ms;
    auto heard = std::make_shared<Listener>();
    h.submit(h.request(h.open(), "while loading", 400), heard);
    const auto second = h.runtime->open_model({}, {}).value();
    bool interleaved = false;
    heard->react = [&](const engine::Event& event) {
        if (event.type == engine::EventType::kToken && second->progress().fraction > 0.3f &&
            second->progress().phase == ModelPhase::kLoading) {
            interleaved = true;
        }
        return true;
    };
    h.drive({heard});
    EXPECT_TRUE(second->wait(Clock::now() + 10s).ok());
    EXPECT_TRUE(interleaved);
}

TEST(Scheduler, AModelThatIsReleasedWhileItLoadsStops) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    w->load_units = 1'000'000;
    auto model = h.runtime->open_model({}, {}).value();
    ASSERT_TRUE(h.runtime->step(1ms).ok());
    EXPECT_EQ(model->wait(Clock::now()).code(), Code::kTimeout);
    model.reset();
    EXPECT_EQ(h.runtime->scheduler().n_models(), 1u);
}

TEST(Scheduler, ACancelledLoadSaysSo) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    w->load_units = 1'000'000;
    auto model = h.runtime->open_model({}, {}).value();
    ASSERT_TRUE(h.runtime->step(1ms).ok());
    model->cancel_load();
    EXPECT_EQ(model->wait(Clock::now() + 10s).code(), Code::kCancelled);
    EXPECT_EQ(model->progress().phase, ModelPhase::kFailed);
}

TEST(Scheduler, AFailedLoadSaysWhyEachTime) {
    auto w = std::make_shared<FakeWorld>();
    Harness h(w);
    w->load_fault = [](uint32_t unit) {
        return unit == 3 ? out_of_device_memory("asked 5, there are 4") : ok_status();
    };
    auto model = h.runtime->open_model({}, {}).value();
    for (int i = 0; i < 2; ++i) {
        const Status status = model->wait(Clock::now() + 10s);
        EXPECT_EQ(status.code(), Code::kOutOfDeviceMemory);
        EXPECT_EQ(status.message(), "asked 5, there are 4");
    }
    EXPECT_EQ(model->text().status().code(), Code::kOutOfDeviceMemory);
}

TEST(Scheduler, ProgressNeverFallsAndEndsAtOne) {
    auto w = std::make_shared<FakeWorld>();
    w->load_units = 30;
    w->load_unit_time = 1ms;
    RuntimeConfig config;
    config.host_stepped = true;
    config.log = std::make_shared<Log>();
    config.backend = fake_backend(w);
    const auto runtime = Runtime::create(std::move(config)).value();
    std::vector<float> fractions;
    const auto model = runtime
                           ->open_model({},
                                        [&](const ModelProgress& progress) {
                                            fractions.push_back(progress.fraction);
                                            return true;
                                        })
                           .value();
    while (model->progress().phase == ModelPhase::kLoading) ASSERT_TRUE(runtime->step(2ms).ok());
    EXPECT_GT(fractions.size(), 3u);
    EXPECT_TRUE(std::is_sorted(fractions.begin(), fractions.end()));
    EXPECT_EQ(fractions.back(), 1.0f);
}

// Sessions come, ask, cancel, and go in a random order, from the host's thread, while the worker
// works. Nothing may hang, leak, or break the decoder's rules.
TEST(Scheduler, RandomInterleavings) {
    for (uint32_t seed = 0; seed < 60; ++seed) {
        std::mt19937 random(seed);
        auto w = std::make_shared<FakeWorld>();
        w->pool_tokens = 256;
        Harness h(w, seed % 2 == 0);
        struct Chat {
            std::shared_ptr<engine::Conversation> conversation;
            std::shared_ptr<engine::Ticket> ticket;
            std::shared_ptr<Listener> listener;
        };
        std::vector<Chat> chats;
        for (int move = 0; move < 60; ++move) {
            const auto what = static_cast<uint32_t>(random() % 6);
            if (what <= 1 || chats.empty()) {
                Chat chat{h.open(static_cast<uint32_t>(64 + random() % 128)), nullptr,
                          std::make_shared<Listener>()};
                chat.ticket =
                    h.submit(h.request(chat.conversation, prompt_of(static_cast<int>(random() % 9)),
                                       static_cast<uint32_t>(random() % 30)),
                             chat.listener);
                chats.push_back(std::move(chat));
                continue;
            }
            Chat& chat = chats[random() % chats.size()];
            if (what == 2 && chat.ticket) chat.ticket->cancel();
            if (what == 3) chat.conversation.reset();
            if (what == 4) {
                std::swap(chat, chats.back());
                chats.pop_back();
            }
            if (what == 5 && h.runtime->host_stepped()) {
                ASSERT_TRUE(h.runtime->step(50us).ok());
            }
        }
    }
}

}  // namespace
}  // namespace alv::local::test
