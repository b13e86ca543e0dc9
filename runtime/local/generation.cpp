#include "local/generation.h"

#include <algorithm>
#include <new>

#include "local/prompt.h"

namespace alv::local {
namespace {

double ms_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

void Generation::prepare() {
    text_ = model_->text();
    if (!text_) return fail(model_->error());
    began_ = Clock::now();
    usage_.queue_ms = ms_between(asked_, began_);
    Result<std::vector<text::TokenId>> prompt =
        encode_prompt(*text_, request_.prompt, request_.tool_use);
    if (!prompt.ok()) return fail(prompt.status());
    tokens_ = std::move(prompt).value();
    n_prompt_ = static_cast<uint32_t>(tokens_.size());
    if (tokens_.empty())
        return fail(invalid_argument("the prompt has no tokens: give it some text"));
    if (tokens_.size() > kv_->context_tokens) {
        return fail(limit_exceeded("the prompt has " + std::to_string(tokens_.size()) +
                                   " tokens, the session's context has room for " +
                                   std::to_string(kv_->context_tokens) +
                                   ": shorten it, or make a session with more context_tokens"));
    }
    Result<std::unique_ptr<Guide>> guide = model_->guides.make(request_, text_);
    if (!guide.ok()) return fail(guide.status());
    guide_ = std::move(guide).value();
    if (guide_) {
        guide_->set_forcing(request_.n_top == 0);
        if (const Status status = guide_->check_room(tokens_left()); !status.ok()) {
            return fail(status);
        }
    }
    detokenizer_.emplace(*text_->tokenizer, request_.render_special);
    usage_.prompt_tokens = n_prompt_;
    phase_ = Phase::kWaiting;
    engine::Event event;
    event.type = engine::EventType::kPrompt;
    event.prompt_tokens = tokens_;
    emit(std::move(event));
}

uint64_t Generation::tokens_wanted() const {
    const uint64_t most = kv_->context_tokens;
    if (request_.max_tokens == 0) return most;
    return std::min(most, uint64_t{n_prompt_} + request_.max_tokens);
}

uint64_t Generation::tokens_outstanding() const {
    constexpr uint64_t kPage = 32;  // the pool hands out whole pages
    const auto in_pages = [](uint64_t n) { return (n + kPage - 1) / kPage * kPage; };
    const uint64_t wanted = in_pages(tokens_wanted());
    return wanted - std::min(wanted, in_pages(kv_->tokens.size()));
}

void Generation::admit() {
    usage_.reused_tokens = kv_->reuse(tokens_);
    if (!kv_->sequence) {
        Result<std::unique_ptr<model::Sequence>> made =
            model_->decoder->create_sequence(kv_->context_tokens);
        if (!made.ok()) return fail(made.status());
        kv_->sequence = std::move(made).value();
    }
    phase_ = Phase::kPrefill;
}

bool Generation::wants_one() const {
    return phase_ == Phase::kDecode && kv_->tokens.size() + 1 == tokens_.size();
}

model::StepRequest Generation::next_request() {
    const uint32_t cached = static_cast<uint32_t>(kv_->tokens.size());
    const uint32_t most = model_->decoder->max_step_tokens();
    uint32_t n = std::min(static_cast<uint32_t>(tokens_.size()) - cached, most);
    // No prompt ends in a step of one token: that would be decode's program (see KvState::reuse).
    if (phase_ == Phase::kPrefill && n > 2 && n_prompt_ - cached - n == 1) --n;

    model::StepRequest request;
    request.sequence = kv_->sequence.get();
    request.tokens = std::span(tokens_).subspan(cached, n);
    request.sample = cached + n == tokens_.size();
    if (request.sample) {
        const engine::Sampling& sampling = request_.sampling;
        request.sampler = {sampling.temperature, sampling.top_k,          sampling.top_p,
                           sampling.min_p,       sampling.repeat_penalty, sampling.seed};
        request.penalty_tokens = penalty_tokens();
        request.n_top = request_.n_top;
        if (const TokenMask* mask = guide_ ? guide_->mask() : nullptr) request.allowed = *mask;
    }
    n_step_ = n;
    return request;
}

std::span<const text::TokenId> Generation::penalty_tokens() const {
    const engine::Sampling& sampling = request_.sampling;
    if (sampling.repeat_penalty == 0 || sampling.repeat_penalty == 1) return {};
    const size_t window = std::min<size_t>(sampling.penalty_window, tokens_.size());
    return std::span(tokens_).last(window);
}

void Generation::take_result(const model::StepResult& result) {
    const size_t cached = kv_->tokens.size();
    kv_->append(std::span(tokens_).subspan(cached, n_step_), phase_ == Phase::kPrefill);
    if (phase_ == Phase::kPrefill) {
        engine::Event event;
        event.type = engine::EventType::kPrefill;
        event.total = n_prompt_ - usage_.reused_tokens;
        event.done = static_cast<uint32_t>(kv_->tokens.size()) - usage_.reused_tokens;
        if (!emit(std::move(event)) || kv_->tokens.size() < n_prompt_) return;
        phase_ = Phase::kDecode;
    }
    if (kv_->tokens.size() < tokens_.size()) return;  // more of what follows by itself
    take_token(result);
}

void Generation::take_token(const model::StepResult& result) {
    if (result.token < 0 || static_cast<uint32_t>(result.token) >= text_->tokenizer->size()) {
        return fail(internal_error("the device drew token " + std::to_string(result.token) +
                                   ", which is not in the vocabulary"));
    }
    if (guide_) return take_led(result);
    const bool is_end = text_->tokenizer->is_end(result.token) && !request_.ignore_end;
    if (!put_token(result)) return;
    if (is_end) return finish(engine::FinishReason::kEndToken);
    check_room();
}

void Generation::take_led(const model::StepResult& result) {
    if (text_->tokenizer->is_end(result.token)) {
        if (put_token(result)) finish(end_reason());
        return;
    }
    Result<Guide::Move> move = guide_->take(result.token, tokens_left());
    if (!move.ok()) return fail(move.status());
    if (move->redraw) return draw_again();
    for (size_t i = 0; i < move->tokens.size(); ++i) {
        model::StepResult next;
        if (i == 0 && move->tokens[0] == result.token) next = result;
        next.token = move->tokens[i];
        if (!put_token(next)) return;
    }
    if (!put_calls(std::move(move->calls))) return;
    if (move->ends) return finish(end_reason());
    check_room();
}

engine::FinishReason Generation::end_reason() const {
    return n_calls_ > 0 ? engine::FinishReason::kToolCalls : engine::FinishReason::kEndToken;
}

uint64_t Generation::tokens_left() const {
    const uint64_t context_left = uint64_t{kv_->context_tokens} + 1 - tokens_.size();
    if (request_.max_tokens == 0) return context_left;
    return std::min<uint64_t>(context_left, request_.max_tokens - usage_.generated_tokens);
}

// Takes a token into the reply; false if that ended it.
bool Generation::put_token(const model::StepResult& result) {
    const auto now = Clock::now();
    if (usage_.generated_tokens++ == 0) {
        first_token_ = now;
        usage_.first_token_ms = ms_between(asked_, now);
        usage_.prefill_ms = ms_between(began_, now);
    }
    usage_.decode_ms = ms_between(first_token_, now);

    engine::Event event;
    event.type = engine::EventType::kToken;
    event.token = result.token;
    event.logprob = result.logprob;
    event.top = result.top;
    if (!emit(std::move(event))) return false;
    if (text_->tokenizer->is_end(result.token) && (guide_ || !request_.ignore_end)) return true;
    std::string text = detokenizer_->push(result.token);
    if (guide_) text = guide_->show(std::move(text));
    if (!emit_text(stop_.push(text))) return false;
    if (stop_.stopped()) {
        finish(engine::FinishReason::kStopString);
        return false;
    }
    tokens_.push_back(result.token);
    return true;
}

bool Generation::put_calls(std::vector<engine::ToolCall> calls) {
    for (engine::ToolCall& call : calls) {
        // Nine letters and digits, as some templates demand; the prompt tells how many came before.
        std::string number = std::to_string(request_.tool_use.n_calls_before + ++n_calls_);
        number.insert(0, 5 - std::min<size_t>(number.size(), 5), '0');
        call.id = "call" + number;
        engine::Event event;
        event.type = engine::EventType::kToolCall;
        event.tool_call = std::move(call);
        if (!emit(std::move(event))) return false;
    }
    return true;
}

void Generation::check_room() {
    if (usage_.generated_tokens == request_.max_tokens) {
        return finish(engine::FinishReason::kMaxTokens);
    }
    if (tokens_.size() > kv_->context_tokens) finish(engine::FinishReason::kContextFull);
}

// The last token goes through the model again, since its logits were for another draw.
void Generation::draw_again() {
    kv_->take_back_one();
}

bool Generation::emit(engine::Event event) {
    event.usage = usage_;
    if (sink_->on_event(std::move(event))) return true;
    fail({Code::kCallbackFailed, "the generation's callback failed: the reply was stopped"});
    return false;
}

bool Generation::emit_text(std::string text) {
    if (text.empty()) return true;
    engine::Event event;
    event.type = engine::EventType::kText;
    event.text = std::move(text);
    return emit(std::move(event));
}

void Generation::finish(engine::FinishReason reason) {
    if (over_) return;
    if (detokenizer_ && reason != engine::FinishReason::kStopString) {
        std::string rest = detokenizer_->finish();
        if (guide_) rest = guide_->show(std::move(rest)) + guide_->show_rest();
        rest = stop_.push(rest);
        if (stop_.stopped()) reason = engine::FinishReason::kStopString;
        rest += stop_.finish();
        if (!emit_text(std::move(rest))) return;
    }
    engine::Event event;
    event.type = engine::EventType::kDone;
    event.finish = reason;
    end(std::move(event));
}

void Generation::fail(const Status& status) {
    if (over_) return;
    engine::Event event;
    event.type = engine::EventType::kFailed;
    try {
        event.status = status;
    } catch (const std::bad_alloc&) {
        event.status = out_of_host_memory();
    }
    if (lost_flag_ && status.code() == Code::kDeviceLost) *lost_flag_ = true;
    end(std::move(event));
}

void Generation::end(engine::Event last) {
    over_ = true;
    kv_->busy = false;
    // The host may keep the ticket for long; the model must not live on by it.
    detokenizer_.reset();
    guide_.reset();
    text_.reset();
    last.usage = usage_;
    const std::shared_ptr<engine::EventSink> sink = std::move(sink_);
    static_cast<void>(sink->on_event(std::move(last)));
}

}  // namespace alv::local
