// One query that a host's retriever works on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alviss/retriever.h"
#include "engine/retriever.h"

namespace alv::api {
class Retrieval;
}

// What the host sees of a retrieval: a part of it, counted by the host's owners alone.
struct alv_retrieval {
    std::atomic<uint32_t> refs{0};
    alv::api::Retrieval* whole = nullptr;
};

namespace alv::api {

// The host's callbacks; its `release` runs when the last owner goes.
class HostVtable {
  public:
    explicit HostVtable(const alv_retriever& calls) : calls_(calls) {}
    HostVtable(const HostVtable&) = delete;
    HostVtable& operator=(const HostVtable&) = delete;
    ~HostVtable();
    const alv_retriever& calls() const { return calls_; }

  private:
    const alv_retriever calls_;
};

// Thread-safe. Ends once: by finish, by cancel, or by being abandoned.
class Retrieval final : public engine::Ticket, public std::enable_shared_from_this<Retrieval> {
  public:
    Retrieval(std::shared_ptr<const HostVtable> vtable, uint32_t k, engine::Retriever::Done done)
        : vtable_(std::move(vtable)), k_(k), done_(std::move(done)) {
        handle_.whole = this;
    }

    // Calls the host's `retrieve`.
    static Result<std::shared_ptr<engine::Ticket>> start(std::shared_ptr<const HostVtable> vtable,
                                                         const engine::Query& query,
                                                         engine::Retriever::Done done);
    void cancel() override;
    Status add(const alv_passage& given);
    Status finish(alv_status status, std::string_view message);
    // The host's last owner went: nobody is left who could finish it.
    void abandoned();

  private:
    Status end(Status status);
    bool end_if_open(Status status);  // false: it was over
    void fail_if_open(const char* message, alv_status status = ALV_STATUS_OK) noexcept;

    const std::shared_ptr<const HostVtable> vtable_;
    const uint32_t k_;
    alv_retrieval handle_;
    std::mutex mutex_;
    std::shared_ptr<Retrieval> self_;  // while the host owns a part
    engine::Retriever::Done done_;     // empty: it is over
    std::vector<engine::Passage> passages_;
    std::set<std::string, std::less<>> ids_;
    uint64_t bytes_ = 0;
};

}  // namespace alv::api

struct alv_passages {
    std::vector<alv::engine::Passage> passages;
    std::vector<alv_passage> views;
};
