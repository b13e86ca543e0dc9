#include "agent/turn.h"

#include <algorithm>
#include <new>

#include "agent/prompt_template.h"

namespace alv::agent {
namespace {

constexpr engine::TaskClock::time_point kAtOnce = engine::TaskClock::time_point::min();

std::function<void()> waker_of(std::weak_ptr<engine::TaskRunner> runner) {
    return [runner = std::move(runner)] {
        if (const auto alive = runner.lock()) alive->wake_tasks();
    };
}

}  // namespace

Turn::Turn(TurnSetup setup)
    : setup_(std::move(setup)),
      output_(std::move(setup_.sink), std::move(setup_.output_filters)),
      tools_(std::move(setup_.tools), std::move(setup_.tool_settings), setup_.host,
             waker_of(setup_.runner)) {}

// The runtime went before the end: nobody is told, but nobody waits either.
Turn::~Turn() {
    if (phase_ != Phase::kOver) setup_.conversation->end_reply();
}

void Turn::wake() const {
    if (const auto alive = setup_.runner.lock()) alive->wake_tasks();
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
    Time next = kAtOnce;
    while (next == kAtOnce && phase_ != Phase::kOver) {
        const bool engine_works = phase_ == Phase::kGenerating || phase_ == Phase::kRoundDone;
        if (cancelled_ && !engine_works) {
            finish(engine::FinishReason::kCancelled);
            break;
        }
        next = run_phase(now);
        if (phase_ != Phase::kOver && phase_ != Phase::kGenerating && output_.host_failed()) {
            fail({Code::kCallbackFailed, "the generation's callback failed"});
        }
    }
    return phase_ == Phase::kOver ? kOver : next;
}

Turn::Time Turn::run_phase(Time now) {
    switch (phase_) {
        case Phase::kStart:
            return start(now);
        case Phase::kRetrieving:
            return await_sources(now);
        case Phase::kSubmit:
            return submit(now);
        case Phase::kRoundDone:
            return end_round(now);
        case Phase::kCalling:
            return await_calls(now);
        case Phase::kGenerating:
        case Phase::kOver:
            break;
    }
    return kWhenWoken;
}

// Before the first request ------------------------------------------------------------------------

// What the user said since the last reply, as the filters let it in. False: they stopped it.
Result<bool> Turn::filter_input() {
    const std::vector<engine::Message> messages = setup_.conversation->all();
    size_t first = messages.size();
    while (first > 0 && messages[first - 1].role != "assistant") --first;
    for (size_t i = first; i < messages.size(); ++i) {
        if (messages[i].role != "user") continue;
        ALV_ASSIGN_OR_RETURN(const Filtered filtered,
                             run_filters(setup_.input_filters, messages[i].content));
        if (filtered.stopped) {
            if (!filtered.text.empty()) output_.say(filtered.text);
            return false;
        }
        if (filtered.text == messages[i].content) continue;
        ALV_RETURN_IF_ERROR(setup_.conversation->replace(i, filtered.text));
    }
    return true;
}

Turn::Time Turn::start(Time now) {
    if (!setup_.input_filters.empty()) {
        Result<bool> let_in = filter_input();
        if (!let_in.ok()) {
            fail(let_in.status());
        } else if (!*let_in && !output_.host_failed()) {
            finish(engine::FinishReason::kFiltered);
        }
        if (!let_in.ok() || !*let_in) return kAtOnce;
    }
    for (const engine::Message& message : setup_.conversation->all()) {
        if (message.role == "user") question_ = message.content;
    }
    phase_ = Phase::kSubmit;
    if (setup_.sources.empty() || question_.empty()) return kAtOnce;
    phase_ = Phase::kRetrieving;
    search_.emplace(setup_.sources.size(), now + setup_.retrieval.timeout, waker_of(setup_.runner));
    search_->ask(setup_.sources, question_);
    return kAtOnce;
}

// A source that fails or is late is left out; if none answered, the reply fails.
Turn::Time Turn::await_sources(Time now) {
    if (!search_->over(now)) return search_->deadline();
    Result<std::vector<std::vector<Passage>>> found = search_->take();
    search_.reset();
    if (!found.ok()) {
        fail(found.status());
        return kAtOnce;
    }
    Result<std::vector<Passage>> fitting =
        fit(fuse(std::move(found).value()), setup_.retrieval.token_budget, setup_.count_text);
    if (!fitting.ok()) {
        fail(fitting.status());
        return kAtOnce;
    }
    phase_ = Phase::kSubmit;
    output_.cite(std::move(fitting).value());
    return kAtOnce;
}

// Requests ----------------------------------------------------------------------------------------

uint32_t Turn::n_calls_so_far() const {
    size_t n = 0;
    const std::vector<engine::Message> before = setup_.conversation->all();
    for (const auto* messages : {&before, &said_}) {
        for (const engine::Message& message : *messages) n += message.tool_calls.size();
    }
    return static_cast<uint32_t>(n);
}

Status Turn::build_prompt(engine::Prompt& prompt) const {
    ALV_ASSIGN_OR_RETURN(prompt.messages,
                         setup_.conversation->visible_with(said_, setup_.count_messages));
    if (output_.passages().empty()) return ok_status();
    const auto last_user =
        std::find_if(prompt.messages.rbegin(), prompt.messages.rend(),
                     [](const engine::Message& message) { return message.role == "user"; });
    if (last_user == prompt.messages.rend()) return ok_status();
    ALV_ASSIGN_OR_RETURN(last_user->content,
                         render_prompt(setup_.retrieval.prompt_template,
                                       {{"context", passage_block(output_.passages())},
                                        {"question", last_user->content}}));
    return ok_status();
}

Result<engine::Request> Turn::next_request(Time now) const {
    engine::Request request = setup_.request;
    request.prompt = {};
    ALV_RETURN_IF_ERROR(build_prompt(request.prompt));
    request.tool_use = tools_.use(now);
    if (!request.tool_use.tools.empty()) request.tool_use.n_calls_before = n_calls_so_far();
    return request;
}

Turn::Time Turn::submit(Time now) {
    const auto engine = setup_.engine.lock();
    const auto cache = setup_.cache.lock();
    if (!engine || !cache) {
        finish(engine::FinishReason::kCancelled);  // the host let it go
        return kAtOnce;
    }
    Result<engine::Request> request = next_request(now);
    if (!request.ok()) {
        fail(request.status());
        return kAtOnce;
    }
    if (request->max_tokens != 0) {
        const uint32_t n_generated = output_.usage().generated_tokens;
        if (n_generated >= request->max_tokens) {
            finish(engine::FinishReason::kMaxTokens);
            return kAtOnce;
        }
        request->max_tokens -= n_generated;
    }
    request->conversation = cache;
    round_calls_.clear();
    round_end_.reset();
    output_.begin_request();
    phase_ = Phase::kGenerating;
    Result<std::shared_ptr<engine::Ticket>> ticket =
        engine->submit(std::move(request).value(), shared_from_this());
    if (!ticket.ok()) {
        fail(ticket.status());
        return kAtOnce;
    }
    set_ticket(*ticket);
    if (cancelled_) (*ticket)->cancel();
    return kWhenWoken;
}

void Turn::set_ticket(std::shared_ptr<engine::Ticket> ticket) {
    const std::lock_guard lock(ticket_mutex_);
    ticket_ = std::move(ticket);
}

bool Turn::on_event(engine::Event event) {
    if (phase_ != Phase::kGenerating) return false;
    const bool last =
        event.type == engine::EventType::kDone || event.type == engine::EventType::kFailed;
    if (!last) {
        const bool calls = event.type == engine::EventType::kToolCall;
        if (calls) round_calls_.push_back(event.tool_call);
        return output_.put(std::move(event));
    }
    try {
        output_.end_request(event);
    } catch (const std::bad_alloc&) {  // the end is the end all the same
        event.type = engine::EventType::kFailed;
        event.status = out_of_host_memory();
    }
    round_end_ = std::move(event);
    phase_ = Phase::kRoundDone;
    set_ticket(nullptr);
    wake();
    return !output_.host_failed();
}

// After a request ---------------------------------------------------------------------------------

Turn::Time Turn::end_round(Time now) {
    using engine::FinishReason;
    const engine::Event end = std::move(*round_end_);
    round_end_.reset();
    if (output_.host_failed()) return kAtOnce;
    if (!output_.filter_status().ok()) {
        fail(output_.filter_status());
        return kAtOnce;
    }
    if (output_.stopped()) {
        finish(FinishReason::kFiltered);
        return kAtOnce;
    }
    if (end.type == engine::EventType::kFailed) {
        fail(end.status);
        return kAtOnce;
    }
    if (end.finish != FinishReason::kToolCalls || round_calls_.empty()) {
        finish(end.finish == FinishReason::kToolCalls ? FinishReason::kEndToken : end.finish);
        return kAtOnce;
    }
    engine::Message message{"assistant", output_.take_text()};
    message.tool_calls = round_calls_;
    said_.push_back(std::move(message));
    if (tools_.by_host()) {
        engine::Event last = event_of(engine::EventType::kDone);
        last.finish = FinishReason::kToolCalls;
        this->end(std::move(last));
        return kAtOnce;
    }
    tools_.begin_round(std::move(round_calls_), now);
    phase_ = Phase::kCalling;
    return kAtOnce;
}

Turn::Time Turn::await_calls(Time now) {
    const std::optional<Time> next =
        tools_.advance(now, [this](engine::Event event) { return output_.tell(std::move(event)); });
    if (next) return *next;
    add_results();
    phase_ = Phase::kSubmit;
    return kAtOnce;
}

void Turn::add_results() {
    for (engine::Message& result : tools_.take_results()) said_.push_back(std::move(result));
}

// The end -----------------------------------------------------------------------------------------

void Turn::finish(engine::FinishReason reason) {
    // Every call of the conversation keeps a result, so that it can go on.
    if (tools_.in_round()) add_results();
    std::string text = output_.take_text();
    const bool silent = reason == engine::FinishReason::kCancelled && text.empty();
    if (!silent) said_.push_back({"assistant", std::move(text)});
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
        tools_.end();
        if (search_) search_->cancel();
        setup_.conversation->end_reply(std::move(said_));
    } catch (const std::bad_alloc&) {
        setup_.conversation->end_reply();
        last.type = engine::EventType::kFailed;
        last.status = out_of_host_memory();
    }
    // What the host gave is let go before it hears that the reply is over.
    search_.reset();
    setup_.sources.clear();
    output_.end(std::move(last));
}

}  // namespace alv::agent
