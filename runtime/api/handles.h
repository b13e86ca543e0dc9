// The objects behind the handles. What each holds keeps its parents alive; members go from the last
// to the first, so that a parent goes after its child.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "api/attachments.h"
#include "api/call.h"
#include "api/delivery.h"
#include "api/device.h"
#include "api/dispatcher.h"
#include "api/embedding_delivery.h"
#include "api/model_delivery.h"
#include "local/local_embedder.h"
#include "local/runtime.h"

namespace alv::api {

// What a runtime and all that was made from it have in common.
struct RuntimeCore {
    std::shared_ptr<Dispatcher> dispatcher;  // null: callbacks run where the events arise
    std::shared_ptr<local::Runtime> runtime;
    int64_t pid = process_id();
    std::mutex mutex;
    std::vector<std::unique_ptr<DeviceText>> device_texts;  // one more after each rebuild

    ~RuntimeCore() {
        if (dispatcher) dispatcher->close();
    }
    bool forked() const { return pid != process_id(); }
    // The caller is inside a callback of this runtime.
    bool in_callback() const {
        return runtime->scheduler().inside() || (dispatcher && dispatcher->inside());
    }
};

inline Status check_process(int64_t made_in) {
    if (made_in == process_id()) return ok_status();
    return invalid_state(
        "this process was forked off the one that made the object: make a new one");
}
inline Status check_process(const RuntimeCore& core) {
    return check_process(core.pid);
}

// Lets an object go, unless this is a forked child: its threads and device are not there.
template <typename Handle>
void release_handle(Handle* handle) noexcept {
    if (!handle || handle->core->forked()) return;
    call_plain([&]() -> int {
        delete handle;
        return 0;
    });
}

inline std::chrono::steady_clock::time_point deadline_after(uint64_t timeout_us) {
    const auto now = std::chrono::steady_clock::now();
    constexpr uint64_t kForever = uint64_t{1} << 52;  // 142 years
    if (timeout_us >= kForever) return std::chrono::steady_clock::time_point::max();
    return now + std::chrono::microseconds(timeout_us);
}

}  // namespace alv::api

struct alv_runtime {
    std::atomic<uint32_t> refs{1};
    std::shared_ptr<alv::api::RuntimeCore> core;
};

struct alv_model {
    std::atomic<uint32_t> refs{1};
    std::shared_ptr<alv::api::RuntimeCore> core;
    std::shared_ptr<alv::local::LocalModel> model;
    std::shared_ptr<alv::api::ModelDelivery> delivery;
    std::mutex mutex;
    // Kept from the first time it was asked for: the strings of alv_model_info live here.
    std::unique_ptr<alv::local::Facts> facts;
};

struct alv_session {
    std::shared_ptr<alv::api::RuntimeCore> core;
    std::shared_ptr<alv::local::LocalModel> model;
    std::shared_ptr<alv::agent::Conversation> history;
    std::shared_ptr<alv::engine::Conversation> conversation;
    bool fast_reuse = false;
    alv::api::Attachments attached;
};

struct alv_generation {
    std::shared_ptr<alv::api::RuntimeCore> core;
    std::shared_ptr<alv::local::LocalModel> model;
    std::shared_ptr<alv::engine::Conversation> conversation;
    std::shared_ptr<alv::api::Delivery> delivery;
    std::shared_ptr<alv::engine::Ticket> ticket;
};

// `embedder` is an engine::Embedder, for whoever needs one behind the ABI (alv_knowledge).
struct alv_embedder {
    std::shared_ptr<alv::api::RuntimeCore> core;
    std::shared_ptr<alv::local::LocalEmbedder> embedder;
};

struct alv_embedding {
    std::shared_ptr<alv::api::RuntimeCore> core;
    std::shared_ptr<alv::local::LocalEmbedder> embedder;
    std::shared_ptr<alv::api::EmbeddingDelivery> delivery;
    std::shared_ptr<alv::engine::Ticket> ticket;
};
