// A model that runs here: the engine of its conversations.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "local/model_state.h"

namespace alv::local {

class Runtime;

// Thread-safe. Keeps its runtime alive; the scheduler never keeps this alive.
class LocalModel : public engine::Engine, public std::enable_shared_from_this<LocalModel> {
  public:
    LocalModel(std::shared_ptr<Runtime> runtime, std::shared_ptr<ModelState> state)
        : runtime_(std::move(runtime)), state_(std::move(state)) {}
    ~LocalModel() override;

    Result<std::shared_ptr<engine::Conversation>> open(uint32_t context_tokens,
                                                       bool fast_reuse) override;
    Result<std::shared_ptr<engine::Ticket>> submit(
        engine::Request request, std::shared_ptr<engine::EventSink> sink) override;

    // What an encoder makes of texts; `done` as in engine::Embedder.
    Result<std::shared_ptr<engine::Ticket>> submit_embedding(std::vector<std::string> texts,
                                                             engine::Embedder::Done done);

    const std::shared_ptr<Runtime>& runtime() const { return runtime_; }
    ModelProgress progress() const { return state_->progress(); }
    double load_ms() const { return state_->load_ms(); }
    uint32_t n_vocab() const { return state_->n_vocab(); }
    const gguf::Reader& reader() const { return *state_->source.reader; }
    // Of the last load that succeeded, also while it is loaded again; why there are none.
    Result<Facts> facts() const;
    // The tokenizer's half, or why it is not there: loading, or what the load failed with.
    Result<std::shared_ptr<const TextSide>> text() const;
    // OK when ready; timeout; what the load failed with.
    Status wait(Clock::time_point deadline);
    void cancel_load();

  private:
    const std::shared_ptr<Runtime> runtime_;
    const std::shared_ptr<ModelState> state_;
};

}  // namespace alv::local
