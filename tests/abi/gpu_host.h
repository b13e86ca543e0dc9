// A host on a real device with a small random model, and a hook that makes Vulkan calls fail.
#pragma once

#include <alviss/alviss.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "abi/host.h"
#include "api/create.h"
#include "model/tiny_model.h"

namespace alv::test {

inline constexpr int32_t kVkOutOfDeviceMemory = -2;
inline constexpr int32_t kVkDeviceLost = -4;

// Decides about each Vulkan call. Empty: all go through.
class Faults {
  public:
    using Rule = std::function<int32_t(const std::string& call)>;
    void set(Rule rule) {
        const std::lock_guard lock(mutex_);
        rule_ = std::move(rule);
    }
    // The n-th call (from 1) of this name, and all that follow it, get `result`.
    void fail_from(const std::string& name, int n, int32_t result) {
        set([name, n, result, seen = 0](const std::string& call) mutable {
            if (call != name || ++seen < n) return 0;
            return result;
        });
    }
    // Only the n-th call.
    void fail_once(const std::string& name, int n, int32_t result) {
        set([name, n, result, seen = 0](const std::string& call) mutable {
            return call == name && ++seen == n ? result : 0;
        });
    }
    int32_t operator()(const char* call) {
        const std::lock_guard lock(mutex_);
        const int32_t result = rule_ ? rule_(call) : 0;
        if (result != 0) ++injected;
        return result;
    }
    std::atomic<int> injected{0};

  private:
    std::mutex mutex_;
    Rule rule_;
};

class GpuHost {
  public:
    explicit GpuHost(uint32_t flags = 0) : file(model::test::tiny_model({})) {
        alv_runtime_options options = ALV_RUNTIME_OPTIONS_INIT;
        options.flags = flags;
        const Status made = api::create_runtime(
            &options, local::make_backend(),
            [faults = faults](const char* call) { return (*faults)(call); }, &runtime);
        EXPECT_TRUE(made.ok()) << made.message();
    }
    ~GpuHost() {
        alv_session_release(session);
        alv_model_release(model);
        alv_runtime_release(runtime);
    }
    GpuHost(const GpuHost&) = delete;
    GpuHost& operator=(const GpuHost&) = delete;

    alv_status load() {
        alv_model_release(model);
        model = nullptr;
        alv_model_options options = ALV_MODEL_OPTIONS_INIT;
        options.data = file.data();
        options.data_size = file.size();
        options.kv_tokens = 256;
        const alv_status opened = alv_model_open(runtime, &options, &model, failure.out());
        if (opened != ALV_STATUS_OK) return opened;
        return alv_model_wait(model, kLong, failure.out());
    }
    alv_status open_session() {
        alv_session_release(session);
        session = nullptr;
        return alv_session_create(model, nullptr, &session, failure.out());
    }
    Reply reply(const std::vector<int32_t>& prompt, uint32_t n) {
        alv_generation_options options = ALV_GENERATION_OPTIONS_INIT;
        options.max_tokens = n;
        options.flags = ALV_GENERATION_IGNORE_END;
        alv_generation* generation = nullptr;
        const alv_status started = alv_session_complete_tokens(
            session, prompt.data(), prompt.size(), &options, &generation, failure.out());
        Reply result;
        result.failed = started;
        if (started != ALV_STATUS_OK) return result;
        result = read_all(generation);
        alv_generation_release(generation);
        return result;
    }

    std::shared_ptr<Faults> faults = std::make_shared<Faults>();
    std::vector<uint8_t> file;
    Failure failure;
    alv_runtime* runtime = nullptr;
    alv_model* model = nullptr;
    alv_session* session = nullptr;
};

inline std::vector<int32_t> some_prompt(size_t n) {
    std::vector<int32_t> tokens;
    for (size_t i = 0; i < n; ++i) tokens.push_back(static_cast<int32_t>(i * 7 % 250));
    return tokens;
}

}  // namespace alv::test
