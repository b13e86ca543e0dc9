// What a host attached to a session: tools, filters, retrievers.
#pragma once

#include <mutex>

#include "agent/conversation.h"
#include "agent/turn.h"

namespace alv::api {

// Thread-safe. A reply takes what is there when it begins.
class Attachments {
  public:
    struct All {
        std::shared_ptr<agent::Tools> tools;
        agent::ToolSettings tool_settings;
        agent::Filters input_filters;
        agent::Filters output_filters;
        std::vector<agent::PassageSource> sources;
        agent::RetrievalSettings retrieval;
    };

    template <typename Change>
    void change(Change&& change) {
        const std::lock_guard lock(mutex_);
        change(all_);
    }
    All get() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    void copy_from(const Attachments& other) {
        All all = other.get();
        const std::lock_guard lock(mutex_);
        all_ = std::move(all);
    }
    // Whether a reply is more than one request.
    bool wants_turn(const agent::Conversation& conversation) const {
        const agent::ConversationLimits limits = conversation.limits();
        if (limits.max_turns || limits.token_budget) return true;
        const std::lock_guard lock(mutex_);
        return all_.tools || !all_.input_filters.empty() || !all_.output_filters.empty() ||
               !all_.sources.empty();
    }

  private:
    mutable std::mutex mutex_;
    All all_;
};

}  // namespace alv::api
