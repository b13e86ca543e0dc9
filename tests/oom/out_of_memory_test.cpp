// Host memory runs out at the n-th allocation, for each n of making a runtime, loading a model,
// opening a session and a reply of eight tokens. Each time: the call that failed says "out of host
// memory" (or needed it not so much, and goes on), nobody ends the process, nobody waits for ever,
// the same call made again works, the reply is right, and nothing leaks.
//
// The operator new is this program's own, and libstdc++ is inside it: a driver keeps its own.
// ALVISS_OOM_STEP: every how manyth n is tried (tests/run.sh --long: 1).
#include <alviss/alviss.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "abi/host.h"
#include "api/call.h"
#include "model/tiny_model.h"
#include "oom/allocations.h"

namespace alv::test {
namespace {

constexpr uint64_t kPatience = 20'000'000;  // microseconds; who waits longer waits for ever
constexpr uint32_t kTokens = 8;

struct World {
    std::function<std::shared_ptr<local::Backend>()> make_backend;
    std::vector<uint8_t> file;
    uint32_t flags = 0;
    bool chat = true;
};

// Makes one call after the other. One that fails must have met the failing allocation; it is made
// again with all the memory there is.
class Attempt {
  public:
    explicit Attempt(const World& world) : world_(world) {}
    ~Attempt() {
        alv_generation_release(generation_);
        alv_session_release(session_);
        alv_model_release(model_);
        alv_runtime_release(runtime_);
    }
    std::vector<int32_t> tokens;
    std::string problem;

    void run() {
        step("create", [&] { return create(); }) && step("load", [&] { return load(); }) &&
            step("session", [&] { return open_session(); }) &&
            step("append", [&] { return append(); }) && step("reply", [&] { return reply(); });
    }

  private:
    template <typename Call>
    bool step(const char* name, Call&& call) {
        for (int round = 0;; ++round) {
            const alv_status status = call();
            if (status == ALV_STATUS_OK) return true;
            const bool met = n_failed() != 0;
            fail_no_allocation();
            const Spared spared;
            if (met && round == 0 && status == ALV_STATUS_OUT_OF_HOST_MEMORY) continue;
            problem = std::string(name) + " gave " + std::to_string(status) + " in round " +
                      std::to_string(round) + ": " + text_of(alv_error_message(error_));
            return false;
        }
    }
    alv_error** out() {
        alv_error_release(std::exchange(error_, nullptr));
        return &error_;
    }
    alv_status create() {
        alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
        options.flags = world_.flags;
        return api::call("create", out(), [&] {
            return api::create_runtime(&options, world_.make_backend(), {}, &runtime_);
        });
    }
    alv_status load() {
        alv_model_release(std::exchange(model_, nullptr));
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.data = world_.file.data();
        options.data_size = world_.file.size();
        options.kv_tokens = 256;
        const alv_status opened = alv_model_open(runtime_, &options, &model_, out());
        return opened != ALV_STATUS_OK ? opened : alv_model_wait(model_, kPatience, out());
    }
    alv_status open_session() { return alv_session_create(model_, nullptr, &session_, out()); }
    alv_status append() {
        return alv_session_append(session_, alv_str("user"), alv_str("Hello there, who are you?"),
                                  out());
    }
    alv_status reply() {
        alv_generation_release(std::exchange(generation_, nullptr));
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        options.max_tokens = kTokens;
        options.flags = ALV_GENERATION_IGNORE_END;
        const alv_status started =
            world_.chat ? alv_session_generate(session_, &options, &generation_, out())
                        : alv_session_complete(session_, alv_str("Hello there, who are you?"),
                                               &options, &generation_, out());
        if (started != ALV_STATUS_OK) return started;
        tokens.clear();
        for (;;) {
            const alv_event* event = nullptr;
            const alv_status status = alv_generation_wait(generation_, kPatience, &event, out());
            if (status == ALV_STATUS_OUT_OF_HOST_MEMORY) {
                fail_no_allocation();  // the wait failed, not the reply: it goes on
                continue;
            }
            if (status != ALV_STATUS_OK) return status;
            const Spared spared;
            if (event->type == ALV_EVENT_TOKEN) tokens.push_back(event->token);
            if (event->type == ALV_EVENT_DONE) return ALV_STATUS_OK;
            if (event->type == ALV_EVENT_FAILED) {
                alv_error_release(std::exchange(error_, nullptr));
                return alv_error_code(event->error);
            }
        }
    }

    const World& world_;
    alv_error* error_ = nullptr;
    alv_runtime* runtime_ = nullptr;
    alv_model* model_ = nullptr;
    alv_session* session_ = nullptr;
    alv_generation* generation_ = nullptr;
};

struct Outcome {
    std::vector<int32_t> tokens;
    std::string problem;
    uint64_t n_allocations = 0;
    int64_t leaked = 0;
};

Outcome attempt(const World& world, uint64_t n, uint64_t run) {
    Outcome outcome;
    const int64_t before = n_alive();
    {
        Attempt one(world);
        fail_allocation(n, run);
        one.run();
        outcome.n_allocations = n_allocations();
        // What runs out in a release is nobody's to report: it has to work.
        const Spared spared;
        outcome.tokens = one.tokens;
        outcome.problem = one.problem;
        one.tokens = {};
        one.problem = {};
    }
    fail_no_allocation();
    outcome.leaked = n_alive() - before - (outcome.tokens.capacity() ? 1 : 0) -
                     (outcome.problem.capacity() > 15 ? 1 : 0);
    return outcome;
}

void fail_each(const World& world, uint64_t step) {
    if (const char* wanted = std::getenv("ALVISS_OOM_STEP"))
        step = std::strtoull(wanted, nullptr, 10);
    ASSERT_GT(step, 0u);
    attempt(world, 0, 1);  // what is made once in a process
    const Outcome whole = attempt(world, 0, 1);
    ASSERT_EQ(whole.problem, "");
    ASSERT_EQ(whole.tokens.size(), kTokens);
    ASSERT_EQ(whole.leaked, 0);
    ASSERT_GT(whole.n_allocations, 100u);
    uint64_t tried = 0;
    for (const uint64_t run : {uint64_t{1}, uint64_t{3}, uint64_t{1000}}) {
        for (uint64_t n = 1; n <= whole.n_allocations; n += step) {
            const Outcome outcome = attempt(world, n, run);
            ++tried;
            ASSERT_EQ(outcome.problem, "") << "allocation " << n << ", run of " << run;
            ASSERT_EQ(outcome.tokens, whole.tokens) << "allocation " << n << ", run of " << run;
            ASSERT_EQ(outcome.leaked, 0) << "allocation " << n << ", run of " << run;
        }
    }
    std::printf("%llu failures injected, over %llu allocations\n",
                static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(whole.n_allocations));
}

World fake(uint32_t flags) {
    World world;
    world.make_backend = [] {
        const Spared spared;  // the fake itself is the test's
        return local::test::fake_backend(std::make_shared<FakeWorld>());
    };
    world.file = local::test::fake_gguf();
    world.flags = flags;
    return world;
}

World tiny(uint32_t flags) {
    World world;
    world.make_backend = [] { return local::make_backend(); };
    world.file = model::test::tiny_model({});
    world.flags = flags;
    world.chat = false;
    return world;
}

TEST(OutOfMemory, AtEachAllocationOfAHostSteppedRuntime) {
    fail_each(fake(ALV_RUNTIME_HOST_STEPPED), 1);
}

TEST(OutOfMemory, AtEachAllocationOfARuntimeWithAWorker) {
    fail_each(fake(0), 1);
}

TEST(OutOfMemory, OnADevice) {
    fail_each(tiny(ALV_RUNTIME_HOST_STEPPED), 97);
}

}  // namespace
}  // namespace alv::test
