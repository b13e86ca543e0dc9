// What the host hears of a reply: the engine's events with the usage of all requests, text as the
// output filters let it through, and the passages that the text names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/filter.h"
#include "agent/passages.h"
#include "engine/engine.h"

namespace alv::agent {

engine::Event event_of(engine::EventType type);

// By one thread. A call that gives back false wants the reply to end: the host failed to take an
// event (host_failed), a filter failed (filter_status) or stopped the text (stopped).
class ReplyOutput {
  public:
    ReplyOutput(std::shared_ptr<engine::EventSink> sink, Filters filters)
        : sink_(std::move(sink)), filters_(std::move(filters)) {}

    // The engine begins to answer: a new message, whose text the filters see from its beginning.
    void begin_request();
    // One of its events, but not its last.
    bool put(engine::Event event);
    // Its last. What the filters still hold is shown if it was done.
    void end_request(const engine::Event& last);

    // Past the filters: what the turn itself has to tell.
    bool say(std::string text);
    bool tell(engine::Event event);
    // From now on the text may name them; the host hears of each.
    bool cite(std::vector<Passage> passages);
    // The reply's last event. The host's sink is let go.
    void end(engine::Event last);

    const std::vector<Passage>& passages() const { return passages_; }
    // What was shown since it was taken the last time.
    std::string take_text() { return std::exchange(text_, {}); }
    const engine::Usage& usage() const { return shown_; }
    bool host_failed() const { return host_failed_; }
    const Status& filter_status() const { return filter_status_; }
    bool stopped() const { return filter_ && filter_->stopped(); }

  private:
    bool flush_filter();
    bool take_filtered(Result<std::string> text);
    void count(const engine::Usage& usage);
    engine::Event citation(const Passage& passage) const;

    std::shared_ptr<engine::EventSink> sink_;
    const Filters filters_;
    std::optional<FilterStream> filter_;  // of the request
    Status filter_status_;
    bool host_failed_ = false;
    std::string text_;
    std::vector<Passage> passages_;
    CitationFinder citations_{0};
    size_t n_requests_ = 0;
    engine::Usage before_;  // of the requests that are over
    engine::Usage shown_;   // and of the one that runs
};

}  // namespace alv::agent
