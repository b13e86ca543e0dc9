#include "agent/reply_output.h"

#include <utility>

namespace alv::agent {

using engine::Event;
using engine::EventType;

Event event_of(EventType type) {
    Event event;
    event.type = type;
    return event;
}

void ReplyOutput::begin_request() {
    text_.clear();
    filter_.emplace(filters_);
    ++n_requests_;
}

bool ReplyOutput::put(Event event) {
    // An event may say nothing of it.
    if (event.usage.prompt_tokens || event.usage.generated_tokens) count(event.usage);
    switch (event.type) {
        case EventType::kText:
            if (filters_.empty()) return say(std::move(event.text));
            return take_filtered(filter_->put(event.text));
        case EventType::kToken:
            // It would show what a filter holds back.
            return filters_.empty() ? tell(std::move(event)) : !host_failed_;
        case EventType::kToolCall:
            if (!flush_filter()) return false;
            filter_.emplace(filters_);
            return tell(std::move(event));
        default:
            return tell(std::move(event));
    }
}

void ReplyOutput::end_request(const Event& last) {
    if (last.type == EventType::kDone) static_cast<void>(flush_filter());
    count(last.usage);
    before_ = shown_;
}

bool ReplyOutput::flush_filter() {
    return filters_.empty() || filter_->stopped() || take_filtered(filter_->finish());
}

bool ReplyOutput::take_filtered(Result<std::string> text) {
    if (!text.ok()) {
        filter_status_ = text.status();
        return false;
    }
    if (!text->empty() && !say(std::move(text).value())) return false;
    return !filter_->stopped();
}

bool ReplyOutput::say(std::string text) {
    const auto found = citations_.put(text);
    text_ += text;
    Event event = event_of(EventType::kText);
    event.text = std::move(text);
    if (!tell(std::move(event))) return false;
    for (const CitationFinder::Citation& place : found) {
        Event named = citation(passages_[place.passage]);
        named.span_begin = place.begin;
        named.span_end = place.end;
        if (!tell(std::move(named))) return false;
    }
    return true;
}

bool ReplyOutput::tell(Event event) {
    if (host_failed_) return false;
    event.usage = shown_;
    host_failed_ = !sink_->on_event(std::move(event));
    return !host_failed_;
}

bool ReplyOutput::cite(std::vector<Passage> passages) {
    passages_ = std::move(passages);
    citations_ = CitationFinder(passages_.size());
    for (const Passage& passage : passages_) {
        if (!tell(citation(passage))) return false;
    }
    return true;
}

Event ReplyOutput::citation(const Passage& passage) const {
    Event event = event_of(EventType::kCitation);
    event.text = passage.text;
    event.tool_call.id = passage.id;
    event.tool_call.name = passage.source;
    event.score = static_cast<float>(passage.score);
    return event;
}

void ReplyOutput::end(Event last) {
    last.usage = shown_;
    const std::shared_ptr<engine::EventSink> sink = std::move(sink_);
    static_cast<void>(sink->on_event(std::move(last)));
}

void ReplyOutput::count(const engine::Usage& usage) {
    shown_ = before_;
    shown_.prompt_tokens = usage.prompt_tokens;
    shown_.reused_tokens = usage.reused_tokens;
    shown_.generated_tokens += usage.generated_tokens;
    shown_.queue_ms += usage.queue_ms;
    shown_.prefill_ms += usage.prefill_ms;
    shown_.decode_ms += usage.decode_ms;
    if (n_requests_ == 1) shown_.first_token_ms = usage.first_token_ms;
}

}  // namespace alv::agent
