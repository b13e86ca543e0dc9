#include "agent/conversation.h"

#include <algorithm>

namespace alv::agent {
namespace {

Status busy() {
    return invalid_state(
        "the session is generating a reply: wait for its last event, or cancel it, first");
}

Status no_message(uint64_t index, size_t n) {
    return not_found("there is no message " + std::to_string(index) + ": the session has " +
                     std::to_string(n));
}

// The turn of each message: 0 belongs to none, 1 is the oldest.
std::vector<uint32_t> turns_of(std::span<const engine::Message> messages) {
    std::vector<uint32_t> turns;
    uint32_t turn = 0;
    for (const engine::Message& message : messages) {
        if (message.role == "user") ++turn;
        turns.push_back(message.role == "system" ? 0 : turn);
    }
    return turns;
}

std::vector<engine::Message> without(std::span<const engine::Message> messages,
                                     const std::vector<uint32_t>& turns,
                                     const std::vector<bool>& left) {
    std::vector<engine::Message> out;
    for (size_t i = 0; i < messages.size(); ++i) {
        if (!left[turns[i]]) out.push_back(messages[i]);
    }
    return out;
}

}  // namespace

Status Conversation::append(engine::Message message) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    entries_.push_back({std::move(message), false});
    return ok_status();
}

Status Conversation::truncate(uint64_t n_messages) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    if (n_messages < entries_.size()) entries_.resize(static_cast<size_t>(n_messages));
    return ok_status();
}

Status Conversation::set_system(std::string content) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    const auto found = std::find_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
        return entry.message.role == "system";
    });
    if (content.empty()) {
        if (found != entries_.end()) entries_.erase(found);
    } else if (found != entries_.end()) {
        found->message.content = std::move(content);
    } else {
        entries_.insert(entries_.begin(), {{"system", std::move(content)}, false});
    }
    return ok_status();
}

Status Conversation::pin(uint64_t index, bool pinned) {
    const std::lock_guard lock(mutex_);
    if (index >= entries_.size()) return no_message(index, entries_.size());
    entries_[static_cast<size_t>(index)].pinned = pinned;
    return ok_status();
}

Status Conversation::set_limits(ConversationLimits limits) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    limits_ = limits;
    return ok_status();
}

Status Conversation::replace(uint64_t index, std::string content) {
    const std::lock_guard lock(mutex_);
    if (index >= entries_.size()) return no_message(index, entries_.size());
    entries_[static_cast<size_t>(index)].message.content = std::move(content);
    return ok_status();
}

uint64_t Conversation::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

Result<engine::Message> Conversation::get(uint64_t index) const {
    const std::lock_guard lock(mutex_);
    if (index >= entries_.size()) return no_message(index, entries_.size());
    return entries_[static_cast<size_t>(index)].message;
}

Result<bool> Conversation::pinned(uint64_t index) const {
    const std::lock_guard lock(mutex_);
    if (index >= entries_.size()) return no_message(index, entries_.size());
    return entries_[static_cast<size_t>(index)].pinned;
}

std::vector<engine::Message> Conversation::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<engine::Message> out;
    out.reserve(entries_.size());
    for (const Entry& entry : entries_) out.push_back(entry.message);
    return out;
}

ConversationLimits Conversation::limits() const {
    const std::lock_guard lock(mutex_);
    return limits_;
}

Result<std::vector<engine::Message>> Conversation::visible(const CountMessages& count) const {
    return visible_with({}, count);
}

Result<std::vector<engine::Message>> Conversation::visible_with(
    std::span<const engine::Message> more, const CountMessages& count) const {
    std::vector<engine::Message> messages = all();
    const ConversationLimits limits = this->limits();
    messages.insert(messages.end(), more.begin(), more.end());
    if (limits.max_turns == 0 && limits.token_budget == 0) return messages;
    const std::vector<uint32_t> turns = turns_of(messages);
    const uint32_t n_turns = turns.empty() ? 0 : *std::max_element(turns.begin(), turns.end());
    std::vector<bool> left(n_turns + 1, false);
    std::vector<uint32_t> may_leave;  // oldest first
    {
        const std::lock_guard lock(mutex_);
        std::vector<bool> stays(n_turns + 1, false);
        stays[0] = true;
        stays[n_turns] = true;
        for (size_t i = 0; i < entries_.size() && i < turns.size(); ++i) {
            if (entries_[i].pinned) stays[turns[i]] = true;
        }
        for (uint32_t turn = 1; turn < n_turns; ++turn) {
            if (!stays[turn]) may_leave.push_back(turn);
        }
    }
    size_t next = 0;
    uint32_t n_left_over = n_turns;
    while (limits.max_turns && n_left_over > limits.max_turns && next < may_leave.size()) {
        left[may_leave[next++]] = true;
        --n_left_over;
    }
    std::vector<engine::Message> out = without(messages, turns, left);
    while (limits.token_budget && next < may_leave.size()) {
        ALV_ASSIGN_OR_RETURN(const uint32_t n_tokens, count(out));
        if (n_tokens <= limits.token_budget) break;
        left[may_leave[next++]] = true;
        out = without(messages, turns, left);
    }
    return out;
}

void Conversation::copy_from(const Conversation& other) {
    std::vector<Entry> entries;
    ConversationLimits limits;
    {
        const std::lock_guard lock(other.mutex_);
        entries = other.entries_;
        limits = other.limits_;
    }
    const std::lock_guard lock(mutex_);
    entries_ = std::move(entries);
    limits_ = limits;
}

Status Conversation::begin_reply() {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    replying_ = true;
    return ok_status();
}

void Conversation::end_reply(std::vector<engine::Message> more) {
    const std::lock_guard lock(mutex_);
    entries_.reserve(entries_.size() + more.size());  // all or none
    replying_ = false;
    for (engine::Message& message : more) entries_.push_back({std::move(message), false});
}

}  // namespace alv::agent
