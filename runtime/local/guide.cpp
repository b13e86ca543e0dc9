#include "local/guide.h"

#include <algorithm>

namespace alv::local {
namespace {

std::vector<std::string> one(const std::string& text) {
    return {text};
}

}  // namespace

Guide::Guide(std::shared_ptr<TokenGrammar> grammar)
    : grammar_(std::move(grammar)), state_(grammar_->start()), hold_({}) {}

Guide::Guide(std::shared_ptr<TokenGrammar> grammar, const ToolSyntax& syntax, bool may_call)
    : grammar_(std::move(grammar)),
      syntax_(&syntax),
      trigger_(syntax.trigger()),
      phase_(may_call ? Phase::kFree : Phase::kLed),
      state_(grammar_->start()),
      hold_(one(trigger_)),
      reader_(std::make_unique<CallReader>(syntax)) {}

const TokenMask* Guide::mask() {
    return phase_ == Phase::kLed ? &grammar_->mask(state_) : nullptr;
}

bool Guide::fits(TokenGrammar::State state, uint64_t tokens_left) {
    if (grammar_->shortest_bytes(state) <= tokens_left) return true;
    const auto closing = grammar_->closing(state);
    return closing && closing->size() <= tokens_left;
}

Status Guide::check_room(uint64_t tokens_left) {
    if (phase_ != Phase::kLed || fits(state_, tokens_left)) return ok_status();
    if (grammar_->overflowed()) {
        return limit_exceeded(
            "the grammar leaves too many ways open at once: make it less ambiguous");
    }
    const auto closing = grammar_->closing(state_);
    if (!closing) return unsupported("the vocabulary has no tokens for what is asked for");
    return limit_exceeded("the shortest reply that is allowed has " +
                          std::to_string(closing->size()) + " tokens, there is room for " +
                          std::to_string(tokens_left));
}

Result<Guide::Move> Guide::take(text::TokenId drawn, uint64_t tokens_left) {
    switch (phase_) {
        case Phase::kLed:
            return take_led(drawn, tokens_left);
        case Phase::kFree:
            return take_free(drawn, tokens_left);
        case Phase::kText:
            break;
    }
    Move move;
    move.tokens = {drawn};
    return move;
}

Result<Guide::Move> Guide::take_led(text::TokenId drawn, uint64_t tokens_left) {
    const std::optional<TokenGrammar::State> next = grammar_->step(state_, drawn);
    if (!next && grammar_->overflowed()) {
        return limit_exceeded(
            "the grammar leaves too many ways open at once: make it less ambiguous");
    }
    if (!next) return internal_error("a token was drawn that the mask leaves out");
    Move move;
    move.tokens = {drawn};
    if (fits(*next, tokens_left - 1)) {
        return go_on(std::move(move), grammar_->trie().bytes(drawn), *next, tokens_left - 1);
    }
    // After it there would be no room to end well: the short way it is.
    auto closing = grammar_->closing(state_);
    if (!closing || closing->size() > tokens_left) {
        return internal_error("a reply outgrew its room");
    }
    std::string text;
    for (const text::TokenId token : *closing) text += grammar_->trie().bytes(token);
    move.tokens = *std::move(closing);
    move.ends = true;
    ALV_RETURN_IF_ERROR(read_calls(move, text));
    return move;
}

// `move.tokens` lead to `state`, of a call by `text`; adds what is the only way on from there.
Result<Guide::Move> Guide::go_on(Move move, std::string text, TokenGrammar::State state,
                                 uint64_t tokens_left) {
    std::vector<text::TokenId> forced;
    if (forcing_) forced = grammar_->forced(state);
    std::string forced_text;
    for (const text::TokenId token : forced) forced_text += grammar_->trie().bytes(token);
    const std::optional<TokenGrammar::State> after = grammar_->step(state, forced_text);
    if (after && forced.size() <= tokens_left && fits(*after, tokens_left - forced.size())) {
        move.tokens.insert(move.tokens.end(), forced.begin(), forced.end());
        text += forced_text;
        state = *after;
    }
    state_ = state;
    move.ends = grammar_->only_end(state);
    ALV_RETURN_IF_ERROR(read_calls(move, text));
    return move;
}

Status Guide::read_calls(Move& move, std::string_view text) {
    return reader_ ? reader_->push(text, move.calls) : ok_status();
}

Result<Guide::Move> Guide::take_free(text::TokenId drawn, uint64_t tokens_left) {
    const std::string text = grammar_->trie().bytes(drawn);
    pending_ += text;
    Move move;
    move.tokens = {drawn};
    size_t at = 0;
    if (syntax_->after_text) {
        at = pending_.find(trigger_);
    } else {
        at = pending_.find_first_not_of(" \t\r\n");
        if (at != std::string::npos && pending_.compare(at, trigger_.size(), trigger_) != 0) {
            const bool may_become = trigger_.compare(0, pending_.size() - at, pending_, at) == 0;
            if (!may_become) phase_ = Phase::kText;
            at = std::string::npos;
        }
    }
    if (at != std::string::npos) {
        const std::string call = pending_.substr(at);
        pending_.clear();
        return enter(call, std::min(text.size(), call.size()), drawn, tokens_left);
    }
    if (syntax_->after_text && pending_.size() >= trigger_.size()) {
        pending_.erase(0, pending_.size() - trigger_.size() + 1);
    }
    return move;
}

// `call` is what the reply has of a call, its last `drawn_bytes` from the token drawn last.
Result<Guide::Move> Guide::enter(std::string_view call, size_t drawn_bytes, text::TokenId drawn,
                                 uint64_t tokens_left) {
    phase_ = Phase::kLed;
    Move move;
    const std::string_view before = call.substr(0, call.size() - drawn_bytes);
    const std::optional<TokenGrammar::State> base = grammar_->step(grammar_->start(), before);
    if (!base) return internal_error("a call's trigger is not how a call begins");
    ALV_RETURN_IF_ERROR(read_calls(move, before));
    const std::string_view added = call.substr(call.size() - drawn_bytes);
    const std::optional<TokenGrammar::State> next = grammar_->step(*base, added);
    if (!next) {  // the call went astray within this token
        state_ = *base;
        move.redraw = true;
        return move;
    }
    if (!fits(*next, tokens_left - 1)) {  // no room for a call
        phase_ = Phase::kText;
        move.tokens = {drawn};
        return move;
    }
    move.tokens = {drawn};
    return go_on(std::move(move), std::string(added), *next, tokens_left - 1);
}

std::string Guide::show(std::string text) {
    if (!syntax_) return text;
    if (syntax_->after_text) return hold_.push(text);
    if (phase_ == Phase::kLed) return {};
    held_ += text;
    return phase_ == Phase::kText ? std::exchange(held_, {}) : std::string();
}

std::string Guide::show_rest() {
    if (!syntax_ || phase_ == Phase::kLed) return {};
    return syntax_->after_text ? hold_.finish() : std::exchange(held_, {});
}

}  // namespace alv::local
