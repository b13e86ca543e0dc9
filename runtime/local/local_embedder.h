// The embedder of a model that runs here.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "local/local_model.h"

namespace alv::local {

// Thread-safe. Keeps its model alive.
class LocalEmbedder : public engine::Embedder {
  public:
    // Unsupported for a model that makes text; invalid state while it loads.
    static Result<std::shared_ptr<LocalEmbedder>> create(std::shared_ptr<LocalModel> model);

    uint32_t dim() const override { return dim_; }
    uint32_t max_tokens() const override { return max_tokens_; }
    Result<uint32_t> count_tokens(std::string_view text) const override;
    Result<std::shared_ptr<engine::Ticket>> submit(std::vector<std::string> texts,
                                                   Done done) override;
    Result<std::vector<float>> embed(std::vector<std::string> texts) override;

    // What the model is called: its file's name for it, and its architecture.
    std::string name() const;
    // The tokens that the model reads of a text, special ones too.
    Result<std::vector<text::TokenId>> tokens(std::string_view text) const;

  private:
    LocalEmbedder(std::shared_ptr<LocalModel> model, const Facts& facts)
        : model_(std::move(model)), dim_(facts.embedding_dim), max_tokens_(facts.max_tokens) {}

    const std::shared_ptr<LocalModel> model_;
    const uint32_t dim_;
    const uint32_t max_tokens_;
};

}  // namespace alv::local
