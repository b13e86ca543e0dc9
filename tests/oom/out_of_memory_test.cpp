// Host memory runs out while a runtime is made, a model is loaded, a session opened and a reply of
// eight tokens drawn.
//
// The operator new is this program's own, and libstdc++ is inside it: a driver keeps its own.
#include <gtest/gtest.h>

#include "api/call.h"
#include "model/tiny_model.h"
#include "oom/sweep.h"

namespace alv::test {
namespace {

constexpr uint32_t kTokens = 8;

struct World {
    std::function<std::shared_ptr<local::Backend>()> make_backend;
    std::vector<uint8_t> file;
    uint32_t flags = 0;
    bool chat = true;
};

class Talk : public Scenario {
  public:
    explicit Talk(const World& world) : world_(world) {}
    ~Talk() override {
        alv_generation_release(generation_);
        alv_session_release(session_);
        alv_model_release(model_);
        alv_runtime_release(runtime_);
    }
    void run() override {
        step("create", [&] { return create(); }) && step("load", [&] { return load(); }) &&
            step("session", [&] { return open_session(); }) &&
            step("append", [&] { return append(); }) && step("reply", [&] { return reply(); });
    }

  private:
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
        return started != ALV_STATUS_OK ? started : read(generation_, result);
    }

    const World& world_;
    alv_runtime* runtime_ = nullptr;
    alv_model* model_ = nullptr;
    alv_session* session_ = nullptr;
    alv_generation* generation_ = nullptr;
};

void fail_talk(const World& world, uint64_t step) {
    fail_each([&] { return std::make_unique<Talk>(world); }, step);
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
    fail_talk(fake(ALV_RUNTIME_HOST_STEPPED), 1);
}

TEST(OutOfMemory, AtEachAllocationOfARuntimeWithAWorker) {
    fail_talk(fake(0), 1);
}

TEST(OutOfMemory, OnADevice) {
    fail_talk(tiny(ALV_RUNTIME_HOST_STEPPED), 97);
}

}  // namespace
}  // namespace alv::test
