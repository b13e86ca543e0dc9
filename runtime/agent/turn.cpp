#include "agent/turn.h"

#include <algorithm>
#include <new>

#include "agent/prompt_template.h"

namespace alv::agent {
namespace {

constexpr engine::TaskClock::time_point kAtOnce{};

engine::Event event_of(engine::EventType type) {
    engine::Event event;
    event.type = type;
    return event;
}

}  // namespace

// Answers come from any thread.
struct Turn::Search {
    std::mutex mutex;
    std::vector<std::vector<Passage>> lists;
    std::vector<std::shared_ptr<engine::Ticket>> tickets;
    size_t n_waiting = 0;
    Status failure;
    Time deadline;
};

Turn::Turn(TurnSetup setup)
    : setup_(std::move(setup)),
      filters_output_(!setup_.output_filters.empty()),
      sink_(std::move(setup_.sink)) {}

// The runtime went before the end: nobody is told, but nobody waits either.
Turn::~Turn() {
    if (phase_ == Phase::kOver) return;
    for (const Running& running : running_) running.call->close(PendingCall::State::kCancelled);
    setup_.conversation->end_reply();
}

std::function<void()> Turn::waker() const {
    return [runner = setup_.runner] {
        if (const auto alive = runner.lock()) alive->wake_tasks();
    };
}

void Turn::wake() const {
    waker()();
}

void Turn::cancel() {
    cancelled_ = true;
    std::shared_ptr<engine::Ticket> ticket;
    {
        const std::lock_guard lock(ticket_mutex_);
        ticket = ticket_;
    }
    if (ticket) ticket->cancel();
    wake();
}

Turn::Time Turn::run(Time now) {
    try {
        return advance(now);
    } catch (const std::bad_alloc&) {
        // The last event comes all the same: a sink has room for it.
        if (phase_ == Phase::kGenerating) cancel();
        if (phase_ != Phase::kOver) fail(out_of_host_memory());
        return kOver;
    }
}

Turn::Time Turn::advance(Time now) {
    now_ = now;
    Time next = kAtOnce;
    while (next == kAtOnce && phase_ != Phase::kOver) {
        const bool engine_works = phase_ == Phase::kGenerating;
        if (cancelled_ && !engine_works && phase_ != Phase::kRoundDone) {
            finish(engine::FinishReason::kCancelled);
            break;
        }
        switch (phase_) {
            case Phase::kStart:
                next = start(now);
                break;
            case Phase::kRetrieving:
                next = await_sources(now);
                break;
            case Phase::kSubmit:
                next = submit();
                break;
            case Phase::kRoundDone:
                next = end_round(now);
                break;
            case Phase::kCalling:
                next = await_calls(now);
                break;
            case Phase::kGenerating:
            case Phase::kOver:
                next = kWhenWoken;
                break;
        }
    }
    return phase_ == Phase::kOver ? kOver : next;
}

// Before the first request ------------------------------------------------------------------------

// What the user said since the last reply, as the filters let it in.
Status Turn::filter_input() {
    const std::vector<engine::Message> messages = setup_.conversation->all();
    size_t first = messages.size();
    while (first > 0 && messages[first - 1].role != "assistant") --first;
    for (size_t i = first; i < messages.size(); ++i) {
        if (messages[i].role != "user") continue;
        ALV_ASSIGN_OR_RETURN(const Filtered filtered,
                             run_filters(setup_.input_filters, messages[i].content));
        if (filtered.stopped) {
            const bool taken = filtered.text.empty() || emit_text(filtered.text);
            if (taken) finish(engine::FinishReason::kFiltered);
            return ok_status();
        }
        if (filtered.text == messages[i].content) continue;
        ALV_RETURN_IF_ERROR(setup_.conversation->replace(i, filtered.text));
    }
    return ok_status();
}

Turn::Time Turn::start(Time now) {
    if (!setup_.input_filters.empty()) {
        if (Status status = filter_input(); !status.ok()) fail(std::move(status));
        if (phase_ == Phase::kOver) return kAtOnce;
    }
    for (const engine::Message& message : setup_.conversation->all()) {
        if (message.role == "user") question_ = message.content;
    }
    if (setup_.sources.empty() || question_.empty()) {
        phase_ = Phase::kSubmit;
        return kAtOnce;
    }
    search_ = std::make_shared<Search>();
    search_->lists.resize(setup_.sources.size());
    search_->n_waiting = setup_.sources.size();
    search_->deadline = now + setup_.retrieval.timeout;
    phase_ = Phase::kRetrieving;
    for (size_t i = 0; i < setup_.sources.size(); ++i) {
        const PassageSource& source = setup_.sources[i];
        // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the function object owns it
        auto done = [search = search_, i, name = source.name,
                     wake_up = waker()](Result<std::vector<Passage>> found) {
            {
                const std::lock_guard lock(search->mutex);
                --search->n_waiting;
                if (found.ok()) {
                    search->lists[i] = std::move(found).value();
                    for (Passage& passage : search->lists[i]) {
                        if (passage.source.empty()) passage.source = name;
                    }
                } else if (search->failure.ok()) {
                    search->failure = found.status();
                }
            }
            wake_up();
        };
        auto ticket =
            source.retriever->submit({question_, source.k, source.filter_json}, std::move(done));
        const std::lock_guard lock(search_->mutex);
        if (ticket.ok()) {
            search_->tickets.push_back(std::move(ticket).value());
        } else {
            --search_->n_waiting;
            if (search_->failure.ok()) search_->failure = ticket.status();
        }
    }
    return kAtOnce;
}

// A source that fails or is late is left out; if none answered, the reply fails.
Turn::Time Turn::await_sources(Time now) {
    std::vector<std::vector<Passage>> lists;
    std::vector<std::shared_ptr<engine::Ticket>> late;
    Status failure;
    {
        const std::lock_guard lock(search_->mutex);
        if (search_->n_waiting > 0 && now < search_->deadline) return search_->deadline;
        if (search_->n_waiting > 0) {
            late = search_->tickets;
            if (search_->failure.ok()) {
                search_->failure = {Code::kTimeout, "the retriever did not answer in time"};
            }
        }
        lists = search_->lists;
        failure = search_->failure;
    }
    for (const auto& ticket : late) {
        if (ticket) ticket->cancel();
    }
    search_.reset();
    const bool any =
        std::any_of(lists.begin(), lists.end(), [](const auto& l) { return !l.empty(); });
    if (!any && !failure.ok()) {
        fail(std::move(failure.annotate("retrieval")));
        return kAtOnce;
    }
    Result<std::vector<Passage>> fitting =
        fit(fuse(std::move(lists)), setup_.retrieval.token_budget, setup_.count_text);
    if (!fitting.ok()) {
        fail(fitting.status());
        return kAtOnce;
    }
    passages_ = std::move(fitting).value();
    citations_ = CitationFinder(passages_.size());
    for (const Passage& passage : passages_) {
        engine::Event event = event_of(engine::EventType::kCitation);
        event.text = passage.text;
        event.tool_call.id = passage.id;
        event.tool_call.name = passage.source;
        event.score = static_cast<float>(passage.score);
        if (!emit(std::move(event))) break;
    }
    if (phase_ != Phase::kOver) phase_ = Phase::kSubmit;
    return kAtOnce;
}

// Requests ----------------------------------------------------------------------------------------

engine::ToolUse Turn::tool_use() const {
    engine::ToolUse use;
    for (const auto& tool : setup_.tools) use.tools.push_back(tool->spec);
    const ToolSettings& settings = setup_.tool_settings;
    use.choice = settings.choice;
    use.tool_name = settings.tool_name;
    use.parallel = settings.parallel;
    const std::vector<engine::Message> before = setup_.conversation->all();
    for (const auto* messages : {&before, &said_}) {
        for (const engine::Message& message : *messages) {
            use.n_calls_before += static_cast<uint32_t>(message.tool_calls.size());
        }
    }
    if (n_rounds_ == 0) return use;
    // One call was what had to be: from now on the model may answer, and at the limits it must.
    const bool at_limit = n_rounds_ >= settings.max_rounds || n_calls_ >= settings.max_calls ||
                          (loop_end_ && now_ >= *loop_end_);
    if (at_limit) {
        use.choice = engine::ToolChoice::kNone;
    } else if (use.choice != engine::ToolChoice::kNone) {
        use.choice = engine::ToolChoice::kAuto;
    }
    return use;
}

Status Turn::build_prompt(engine::Prompt& prompt) {
    ALV_ASSIGN_OR_RETURN(prompt.messages,
                         setup_.conversation->visible_with(said_, setup_.count_messages));
    if (passages_.empty()) return ok_status();
    const auto last_user =
        std::find_if(prompt.messages.rbegin(), prompt.messages.rend(),
                     [](const engine::Message& message) { return message.role == "user"; });
    if (last_user == prompt.messages.rend()) return ok_status();
    ALV_ASSIGN_OR_RETURN(last_user->content, render_prompt(setup_.retrieval.prompt_template,
                                                           {{"context", passage_block(passages_)},
                                                            {"question", last_user->content}}));
    return ok_status();
}

Turn::Time Turn::submit() {
    engine::Request request = setup_.request;
    request.prompt = {};
    const auto engine = setup_.engine.lock();
    request.conversation = setup_.cache.lock();
    if (!engine || !request.conversation) {
        finish(engine::FinishReason::kCancelled);  // the host let it go
        return kAtOnce;
    }
    if (Status status = build_prompt(request.prompt); !status.ok()) {
        fail(std::move(status));
        return kAtOnce;
    }
    if (request.max_tokens != 0) {
        if (usage_.generated_tokens >= request.max_tokens) {
            finish(engine::FinishReason::kMaxTokens);
            return kAtOnce;
        }
        request.max_tokens -= usage_.generated_tokens;
    }
    if (!setup_.tools.empty()) request.tool_use = tool_use();
    round_text_.clear();
    round_calls_.clear();
    round_end_.reset();
    filter_.emplace(setup_.output_filters);
    phase_ = Phase::kGenerating;
    Result<std::shared_ptr<engine::Ticket>> ticket =
        engine->submit(std::move(request), shared_from_this());
    if (!ticket.ok()) {
        fail(ticket.status());
        return kAtOnce;
    }
    {
        const std::lock_guard lock(ticket_mutex_);
        ticket_ = *ticket;
    }
    if (cancelled_) (*ticket)->cancel();
    return kWhenWoken;
}

bool Turn::on_event(engine::Event event) {
    if (phase_ != Phase::kGenerating) return false;
    switch (event.type) {
        case engine::EventType::kText:
            if (!filters_output_) return emit_text(std::move(event.text));
            return take_filtered(filter_->put(event.text));
        case engine::EventType::kToken:
            // It would show what a filter holds back.
            return filters_output_ ? !host_failed_ : emit(std::move(event));
        case engine::EventType::kToolCall:
            if (!flush_filter()) return false;
            filter_.emplace(setup_.output_filters);
            round_calls_.push_back(event.tool_call);
            return emit(std::move(event));
        case engine::EventType::kDone:
        case engine::EventType::kFailed: {
            if (event.type == engine::EventType::kDone) static_cast<void>(flush_filter());
            count_usage(event.usage, true);
            round_end_ = std::move(event);
            phase_ = Phase::kRoundDone;
            {
                const std::lock_guard lock(ticket_mutex_);
                ticket_.reset();
            }
            wake();
            return !host_failed_;
        }
        default:
            return emit(std::move(event));
    }
}

bool Turn::flush_filter() {
    return !filters_output_ || filter_->stopped() || take_filtered(filter_->finish());
}

bool Turn::take_filtered(Result<std::string> text) {
    if (!text.ok()) {
        filter_status_ = text.status();
        return false;
    }
    if (!text->empty() && !emit_text(std::move(text).value())) return false;
    return !filter_->stopped();
}

// After a request ---------------------------------------------------------------------------------

Turn::Time Turn::end_round(Time now) {
    using engine::FinishReason;
    const engine::Event end = std::move(*round_end_);
    round_end_.reset();
    const bool stopped = filters_output_ && filter_->stopped();
    if (host_failed_) {
        fail({Code::kCallbackFailed, "the generation's callback failed"});
    } else if (!filter_status_.ok()) {
        fail(filter_status_);
    } else if (stopped) {
        finish(FinishReason::kFiltered);
    } else if (end.type == engine::EventType::kFailed) {
        fail(end.status);
    } else if (end.finish != FinishReason::kToolCalls || round_calls_.empty()) {
        finish(end.finish == FinishReason::kToolCalls ? FinishReason::kEndToken : end.finish);
    }
    if (phase_ == Phase::kOver) return kAtOnce;
    engine::Message message{"assistant", round_text_};
    message.tool_calls = round_calls_;
    if (setup_.tool_settings.by_host) {
        said_.push_back(std::move(message));
        round_text_.clear();
        engine::Event last = event_of(engine::EventType::kDone);
        last.finish = FinishReason::kToolCalls;
        this->end(std::move(last));
        return kAtOnce;
    }
    if (!loop_end_ && setup_.tool_settings.time_limit.count() > 0) {
        loop_end_ = now + setup_.tool_settings.time_limit;
    }
    ++n_rounds_;
    said_.push_back(std::move(message));
    round_text_.clear();
    round_results_.assign(round_calls_.size(), {});
    answered_.assign(round_calls_.size(), false);
    next_call_ = 0;
    phase_ = Phase::kCalling;
    return kAtOnce;
}

Turn::Time Turn::await_calls(Time now) {
    for (;;) {
        while (next_call_ < round_calls_.size() && start_call(next_call_, now)) ++next_call_;
        if (phase_ == Phase::kOver) return kAtOnce;
        if (cancelled_) return kAtOnce;
        std::vector<Running> over;
        for (const Running& running : running_) {
            if (running.call->closed() || now >= running.deadline) over.push_back(running);
        }
        if (over.empty()) break;
        std::erase_if(running_, [&](const Running& running) {
            return std::any_of(over.begin(), over.end(),
                               [&](const Running& o) { return o.index == running.index; });
        });
        for (const Running& running : over) {
            settle_call(running);
            if (phase_ == Phase::kOver) return kAtOnce;
        }
    }
    if (!running_.empty()) {
        Time next = kWhenWoken;
        for (const Running& running : running_) next = std::min(next, running.deadline);
        return next;
    }
    for (size_t i = 0; i < round_calls_.size(); ++i) {
        said_.push_back({"tool", round_results_[i], {}, round_calls_[i].id, round_calls_[i].name});
    }
    phase_ = Phase::kSubmit;
    return kAtOnce;
}

// False: it has to wait for those that run.
bool Turn::start_call(size_t index, Time now) {
    const engine::ToolCall& call = round_calls_[index];
    const std::shared_ptr<const Tool> tool = find_tool(setup_.tools, call.name);
    const bool alone = !tool || !tool->parallel;
    if (!running_.empty() && (alone || !running_.front().tool->parallel)) return false;
    const auto refuse = [&](const std::string& why) {
        put_result(index, error_result(why), true);
        return phase_ != Phase::kOver;
    };
    if (!tool) {
        std::string names;
        for (const auto& known : setup_.tools) names += " " + known->spec.name;
        return refuse("there is no tool named " + call.name + "; the tools are:" + names);
    }
    if (n_calls_ >= setup_.tool_settings.max_calls) {
        return refuse("no more calls are possible: answer with what you know");
    }
    if (loop_end_ && now >= *loop_end_) {
        return refuse("there is no time for more calls: answer with what you know");
    }
    if (tool->check) {
        if (const Status status = tool->check(call.arguments); !status.ok()) {
            return refuse("the arguments are wrong: " + status.message());
        }
    }
    ++n_calls_;
    const auto host = setup_.host.lock();
    if (!host) return refuse("the host is gone");
    Time deadline = now + tool->timeout;
    if (loop_end_) deadline = std::min(deadline, *loop_end_);
    auto pending = std::make_shared<PendingCall>(call, tool->max_result_bytes, waker());
    running_.push_back({index, tool, pending, deadline});
    host->post([handler = tool->handler, pending] {
        if (pending->closed()) return;  // cancelled or late before its turn came
        const Status status = handler->call(pending);
        if (!status.ok()) static_cast<void>(pending->reply(status.message(), true));
    });
    return true;
}

void Turn::settle_call(const Running& running) {
    if (running.call->close(PendingCall::State::kTimedOut)) {
        if (const auto host = setup_.host.lock()) {
            host->post(
                [handler = running.tool->handler, call = running.call] { handler->drop(*call); });
        }
        put_result(running.index, error_result("the tool did not answer in time"), true);
        return;
    }
    const bool failed = running.call->is_error();
    put_result(running.index,
               failed ? error_result(running.call->result()) : running.call->result(), failed);
}

void Turn::put_result(size_t index, std::string content, bool failed) {
    round_results_[index] = content;
    answered_[index] = true;
    engine::Event event = event_of(engine::EventType::kToolResult);
    event.tool_call = round_calls_[index];
    event.text = std::move(content);
    event.failed = failed;
    static_cast<void>(emit(std::move(event)));
}

// The end -----------------------------------------------------------------------------------------

void Turn::drop_calls(PendingCall::State why) {
    const auto host = setup_.host.lock();
    for (const Running& running : running_) {
        if (!running.call->close(why) || !host) continue;
        host->post(
            [handler = running.tool->handler, call = running.call] { handler->drop(*call); });
    }
    running_.clear();
}

bool Turn::emit_text(std::string text) {
    const auto found = citations_.put(text);
    round_text_ += text;
    engine::Event event = event_of(engine::EventType::kText);
    event.text = std::move(text);
    if (!emit(std::move(event))) return false;
    for (const CitationFinder::Citation& citation : found) {
        const Passage& passage = passages_[citation.passage];
        engine::Event named = event_of(engine::EventType::kCitation);
        named.text = passage.text;
        named.tool_call.id = passage.id;
        named.tool_call.name = passage.source;
        named.score = static_cast<float>(passage.score);
        named.span_begin = citation.begin;
        named.span_end = citation.end;
        if (!emit(std::move(named))) return false;
    }
    return true;
}

bool Turn::emit(engine::Event event) {
    if (host_failed_) return false;
    if (phase_ == Phase::kGenerating) count_usage(event.usage, false);
    event.usage = shown_;
    if (sink_->on_event(std::move(event))) return true;
    host_failed_ = true;
    if (phase_ != Phase::kGenerating && phase_ != Phase::kRoundDone && phase_ != Phase::kOver) {
        fail({Code::kCallbackFailed, "the generation's callback failed"});
    }
    return false;
}

void Turn::count_usage(const engine::Usage& usage, bool last) {
    if (usage.prompt_tokens == 0 && usage.generated_tokens == 0 && !last) return;
    shown_ = usage_;
    shown_.prompt_tokens = usage.prompt_tokens;
    shown_.reused_tokens = usage.reused_tokens;
    shown_.generated_tokens += usage.generated_tokens;
    shown_.queue_ms += usage.queue_ms;
    shown_.prefill_ms += usage.prefill_ms;
    shown_.decode_ms += usage.decode_ms;
    if (n_rounds_ == 0) shown_.first_token_ms = usage.first_token_ms;
    if (last) usage_ = shown_;
}

void Turn::finish(engine::FinishReason reason) {
    const bool calls_open = phase_ == Phase::kCalling;
    if (calls_open) {
        // Every call of the conversation keeps a result, so that it can go on.
        for (size_t i = 0; i < round_calls_.size(); ++i) {
            if (!answered_[i]) round_results_[i] = error_result("the call was cancelled");
            said_.push_back(
                {"tool", round_results_[i], {}, round_calls_[i].id, round_calls_[i].name});
        }
    }
    const bool silent = reason == engine::FinishReason::kCancelled && round_text_.empty();
    if (!silent) said_.push_back({"assistant", round_text_});
    engine::Event last = event_of(engine::EventType::kDone);
    last.finish = reason;
    end(std::move(last));
}

void Turn::fail(Status status) {
    said_.clear();
    engine::Event last = event_of(engine::EventType::kFailed);
    last.status = std::move(status);
    end(std::move(last));
}

void Turn::end(engine::Event last) {
    phase_ = Phase::kOver;
    try {
        drop_calls(PendingCall::State::kCancelled);
        drop_search();
        setup_.conversation->end_reply(std::move(said_));
    } catch (const std::bad_alloc&) {
        setup_.conversation->end_reply();
        last.type = engine::EventType::kFailed;
        last.status = out_of_host_memory();
    }
    // What the host gave is let go before it hears that the reply is over.
    setup_.sources.clear();
    setup_.tools.clear();
    last.usage = shown_;
    const std::shared_ptr<engine::EventSink> sink = std::move(sink_);
    static_cast<void>(sink->on_event(std::move(last)));
}

void Turn::drop_search() {
    if (!search_) return;
    std::vector<std::shared_ptr<engine::Ticket>> tickets;
    {
        const std::lock_guard lock(search_->mutex);
        tickets = search_->tickets;
    }
    for (const auto& ticket : tickets) {
        if (ticket) ticket->cancel();
    }
    search_.reset();
}

}  // namespace alv::agent
