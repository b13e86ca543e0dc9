// The messages of a session: what is kept, what the model reads of them, and how they are saved.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace alv::agent {

// How many tokens the messages take as a prompt.
using CountMessages = std::function<Result<uint32_t>(std::span<const engine::Message> messages)>;

struct ConversationLimits {
    uint32_t max_turns = 0;     // that the model reads; 0: all
    uint32_t token_budget = 0;  // of what it reads; 0: none
};

// Thread-safe. A turn is a user's message and all that follows up to the next one; messages before
// the first turn, and those of the system, belong to none.
class Conversation {
  public:
    Status append(engine::Message message);
    Status truncate(uint64_t n_messages);
    // The first message of the role system, or a new one before all others. Empty: takes it away.
    Status set_system(std::string content);
    // The turn of this message stays when others leave.
    Status pin(uint64_t index, bool pinned);
    Status set_limits(ConversationLimits limits);
    // Puts other words in place of a message's.
    Status replace(uint64_t index, std::string content);
    uint64_t size() const;
    Result<engine::Message> get(uint64_t index) const;
    Result<bool> pinned(uint64_t index) const;
    std::vector<engine::Message> all() const;
    ConversationLimits limits() const;

    // What the model reads: system messages, pinned turns and the youngest others that the limits
    // leave room for; the last turn always. Turns leave whole, so that calls keep their results.
    Result<std::vector<engine::Message>> visible(const CountMessages& count) const;
    // The same for messages that are not in it yet.
    Result<std::vector<engine::Message>> visible_with(std::span<const engine::Message> more,
                                                      const CountMessages& count) const;

    // JSON, with pins and limits. load() takes nothing on failure; messages it refuses are named.
    std::string save() const;
    Status load(std::string_view json);
    void copy_from(const Conversation& other);

    // One reply at a time: invalid state while another is on its way.
    Status begin_reply();
    // `more` are appended.
    void end_reply(std::vector<engine::Message> more = {});

  private:
    struct Entry {
        engine::Message message;
        bool pinned = false;
    };
    mutable std::mutex mutex_;
    std::vector<Entry> entries_;
    ConversationLimits limits_;
    bool replying_ = false;
};

}  // namespace alv::agent
