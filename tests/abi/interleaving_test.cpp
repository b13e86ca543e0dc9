// Many threads of a host on one runtime, each with sessions of its own, in a random order.
// ALVISS_INTERLEAVINGS says how many random schedules of releases are tried: tests/run.sh --long
// tries 10,000 under ThreadSanitizer.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <utility>

#include "abi/host.h"

namespace alv::test {
namespace {

// One thread of the host: sessions come, reply, are cancelled and go.
void play(Host& host, uint32_t seed, int moves, std::atomic<uint64_t>& wrong) {
    std::mt19937 random(seed);
    const auto next = [&](uint32_t n) { return static_cast<uint32_t>(random()) % n; };
    for (int move = 0; move < moves; ++move) {
        alv_session* session = nullptr;
        if (alv_session_create(host.model, nullptr, &session, nullptr) != ALV_STATUS_OK) ++wrong;
        const std::string prompt = "p" + std::to_string(next(50));
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        options.max_tokens = 1 + next(12);
        alv_generation* generation = nullptr;
        if (alv_session_complete(session, str(prompt), &options, &generation, nullptr) !=
            ALV_STATUS_OK) {
            ++wrong;
        }
        const uint32_t what = next(5);
        if (what == 0) alv_session_release(session);
        if (what == 1) alv_generation_cancel(generation, nullptr);
        if (what != 2) {
            const Reply reply = read_all(generation);
            const auto expected = local::test::expected_tokens(
                *host.world, local::test::to_tokens(prompt), options.max_tokens);
            if (!std::equal(reply.tokens.begin(), reply.tokens.end(), expected.begin())) ++wrong;
            if (what > 2 && reply.tokens.size() != expected.size()) ++wrong;
        }
        alv_generation_release(generation);
        if (what != 0) alv_session_release(session);
    }
}

TEST(Interleaving, ThreadsDoNotDisturbEachOther) {
    Host host;
    host.world->pool_tokens = 2048;
    host.with_model();
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] { play(host, i, 250, wrong); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
}

TEST(Interleaving, ThreadsThatWaitDriveAHostSteppedRuntime) {
    Host host(ALV_RUNTIME_HOST_STEPPED);
    host.world->pool_tokens = 2048;
    host.with_model();
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] { play(host, 100 + i, 60, wrong); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
}

// What one thread of a schedule does with a session and its reply, which both are its own.
void end_one(Host& host, alv_session* session, uint32_t seed, std::atomic<uint64_t>& wrong) {
    std::mt19937 random(seed);
    const std::string prompt = "p" + std::to_string(random() % 50);
    alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
    options.max_tokens = static_cast<uint32_t>(random() % 12);  // 0: until the context is full
    const bool called_back = random() % 3 == 0;
    if (called_back) {
        options.callback = [](void*, alv_generation*, const alv_event*) { return ALV_STATUS_OK; };
    }
    alv_generation* generation = nullptr;
    if (alv_session_complete(session, str(prompt), &options, &generation, nullptr) !=
        ALV_STATUS_OK) {
        ++wrong;
    }
    std::array<int, 4> moves = {0, 1, 2, 3};
    std::shuffle(moves.begin(), moves.end(), random);
    for (const int move : moves) {
        const bool gone = !session || !generation;
        if (move == 0 && random() % 2 == 0) alv_generation_cancel(generation, nullptr);
        if (move == 1 && !called_back && !gone && options.max_tokens != 0) {
            const Reply reply = read_all(generation);
            const auto expected = local::test::expected_tokens(
                *host.world, local::test::to_tokens(prompt), options.max_tokens);
            if (reply.tokens.size() > expected.size() ||
                !std::equal(reply.tokens.begin(), reply.tokens.end(), expected.begin())) {
                ++wrong;
            }
        }
        if (move == 2) alv_session_release(std::exchange(session, nullptr));
        if (move == 3) alv_generation_release(std::exchange(generation, nullptr));
        if (random() % 4 == 0) std::this_thread::yield();
    }
}

// One schedule: while threads generate, cancel and release, runtime and model are released too.
void end_in_any_order(uint32_t seed, std::atomic<uint64_t>& wrong) {
    std::mt19937 random(seed);
    constexpr std::array<uint32_t, 4> kFlags = {0, 0, ALV_RUNTIME_HOST_STEPPED,
                                                ALV_RUNTIME_DISPATCH_CALLBACKS};
    Host host(kFlags[random() % kFlags.size()]);
    host.world->pool_tokens = 2048;
    host.world->slice_time = std::chrono::microseconds(random() % 2 == 0 ? 0 : random() % 100);
    host.with_model();
    std::vector<std::thread> threads;
    const size_t n_threads = 2 + random() % 2;
    for (size_t i = 0; i < n_threads; ++i) {
        alv_session* session = nullptr;
        if (alv_session_create(host.model, nullptr, &session, nullptr) != ALV_STATUS_OK) ++wrong;
        const auto its_seed = static_cast<uint32_t>(random());
        threads.emplace_back([&, session, its_seed] { end_one(host, session, its_seed, wrong); });
    }
    const bool runtime_first = random() % 2 == 0;
    for (uint32_t i = static_cast<uint32_t>(random() % 4); i > 0; --i) std::this_thread::yield();
    if (runtime_first) alv_runtime_release(std::exchange(host.runtime, nullptr));
    alv_model_release(std::exchange(host.model, nullptr));
    if (random() % 2 == 0) alv_runtime_release(std::exchange(host.runtime, nullptr));
    for (std::thread& thread : threads) thread.join();
}

TEST(Interleaving, EverythingIsReleasedInAnyOrderByAnyThread) {
    const char* wanted = std::getenv("ALVISS_INTERLEAVINGS");
    const int n = wanted ? std::atoi(wanted) : 200;
    ASSERT_GT(n, 0);
    std::atomic<uint64_t> wrong{0};
    for (int i = 0; i < n && !testing::Test::HasFailure(); ++i) {
        end_in_any_order(static_cast<uint32_t>(i), wrong);
        EXPECT_EQ(wrong, 0u) << "in schedule " << i;
    }
}

}  // namespace
}  // namespace alv::test
