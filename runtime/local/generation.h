// One request on its way: prompt, prefill, decode, end. A state machine that the scheduler moves in
// short units.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "local/guide.h"
#include "local/model_state.h"
#include "local/stop.h"

namespace alv::local {

class Generation : public engine::Ticket {
  public:
    Generation(engine::Request request, std::shared_ptr<KvState> kv,
               std::shared_ptr<ModelState> model, std::shared_ptr<engine::EventSink> sink)
        : request_(std::move(request)),
          kv_(std::move(kv)),
          model_(std::move(model)),
          sink_(std::move(sink)),
          stop_(request_.stop_strings) {}

    // Any thread.
    void cancel() override { cancelled_ = true; }
    bool cancelled() const { return cancelled_; }

    // The scheduler only, from here on.
    // Where a lost device is noted, before anybody hears of it.
    void note_loss_in(std::atomic<bool>* flag) { lost_flag_ = flag; }
    ModelState& model() const { return *model_; }
    const std::shared_ptr<ModelState>& shared_model() const { return model_; }
    KvState& kv() const { return *kv_; }
    bool over() const { return over_; }
    bool prompt_ready() const { return phase_ != Phase::kPrompt; }
    bool admitted() const { return phase_ == Phase::kPrefill || phase_ == Phase::kDecode; }

    // Renders and tokenizes the prompt.
    void prepare();
    // Tokens of kv cache that it may come to hold; those it may take beyond what it has now.
    uint64_t tokens_wanted() const;
    uint64_t tokens_outstanding() const;
    // There is room: takes the sequence.
    void admit();
    // The next step takes one token further, which can be done with others at once.
    bool wants_one() const;
    // What the model is to do next. Borrows from the generation until its next change.
    model::StepRequest next_request();
    // What came of it.
    void take_result(const model::StepResult& result);
    // Ends it; not while a step of it is in flight.
    void fail(const Status& status);
    void finish(engine::FinishReason reason);

  private:
    enum class Phase : uint32_t { kPrompt, kWaiting, kPrefill, kDecode };

    void take_token(const model::StepResult& result);
    void take_led(const model::StepResult& result);
    bool put_token(const model::StepResult& result);
    bool put_calls(std::vector<engine::ToolCall> calls);
    void check_room();
    void draw_again();
    uint64_t tokens_left() const;
    engine::FinishReason end_reason() const;
    bool emit(engine::Event event);
    bool emit_text(std::string text);
    void end(engine::Event last);
    std::span<const text::TokenId> penalty_tokens() const;

    engine::Request request_;
    std::shared_ptr<KvState> kv_;
    std::shared_ptr<ModelState> model_;
    std::shared_ptr<engine::EventSink> sink_;
    StopFilter stop_;
    std::atomic<bool> cancelled_{false};

    Phase phase_ = Phase::kPrompt;
    bool over_ = false;
    std::atomic<bool>* lost_flag_ = nullptr;
    std::shared_ptr<const TextSide> text_;
    std::unique_ptr<Guide> guide_;  // null: any token may be drawn
    uint32_t n_calls_ = 0;
    std::optional<text::StreamDetokenizer> detokenizer_;
    std::vector<text::TokenId> tokens_;  // prompt and what followed it
    uint32_t n_prompt_ = 0;
    uint32_t n_step_ = 0;  // tokens of the last request

    engine::Usage usage_;
    Clock::time_point asked_ = Clock::now();
    Clock::time_point began_{};
    Clock::time_point first_token_{};
};

}  // namespace alv::local
