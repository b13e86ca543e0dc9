// The messages of a session, and whether a reply is being added to them.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace alv::api {

// Thread-safe.
class History {
  public:
    Status append(engine::Message message);
    Status truncate(uint64_t n_messages);
    uint64_t size() const;
    Result<engine::Message> get(uint64_t index) const;
    std::vector<engine::Message> all() const;

    // One reply at a time: invalid state while another is on its way.
    Status begin_reply();
    void end_reply();
    // Also appends it; of the assistant.
    void end_reply(std::string reply);

  private:
    mutable std::mutex mutex_;
    std::vector<engine::Message> messages_;
    bool replying_ = false;
};

}  // namespace alv::api
