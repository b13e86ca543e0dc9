// Many threads of a host on one runtime, each with sessions of its own, in a random order.
#include <random>

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

}  // namespace
}  // namespace alv::test
