#include "api/history.h"

namespace alv::api {
namespace {

Status busy() {
    return invalid_state(
        "the session is generating a reply: wait for its last event, or cancel it, first");
}

}  // namespace

Status History::append(engine::Message message) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    messages_.push_back(std::move(message));
    return ok_status();
}

Status History::truncate(uint64_t n_messages) {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    if (n_messages < messages_.size()) messages_.resize(static_cast<size_t>(n_messages));
    return ok_status();
}

uint64_t History::size() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
}

Result<engine::Message> History::get(uint64_t index) const {
    const std::lock_guard lock(mutex_);
    if (index < messages_.size()) return messages_[static_cast<size_t>(index)];
    return not_found("there is no message " + std::to_string(index) + ": the session has " +
                     std::to_string(messages_.size()));
}

std::vector<engine::Message> History::all() const {
    const std::lock_guard lock(mutex_);
    return messages_;
}

Status History::begin_reply() {
    const std::lock_guard lock(mutex_);
    if (replying_) return busy();
    replying_ = true;
    return ok_status();
}

void History::end_reply() {
    const std::lock_guard lock(mutex_);
    replying_ = false;
}

void History::end_reply(std::string reply) {
    const std::lock_guard lock(mutex_);
    messages_.push_back({"assistant", std::move(reply)});
    replying_ = false;
}

}  // namespace alv::api
