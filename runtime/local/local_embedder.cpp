#include "local/local_embedder.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "local/embed_job.h"
#include "local/runtime.h"

namespace alv::local {
namespace {

// Where embed() waits.
struct Waiting {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<std::vector<float>>> result;

    bool over() {
        const std::lock_guard lock(mutex);
        return result.has_value();
    }
};

}  // namespace

Result<std::shared_ptr<LocalEmbedder>> LocalEmbedder::create(std::shared_ptr<LocalModel> model) {
    ALV_ASSIGN_OR_RETURN(const Facts facts, model->facts());
    if (facts.embedding_dim == 0) {
        const bool tokenizer_only = facts.kv_tokens == 0;
        if (tokenizer_only) {
            return invalid_state(
                "the model was opened for its tokenizer only: open it without "
                "ALV_MODEL_TOKENIZER_ONLY to embed");
        }
        return unsupported("the model (\"" + facts.architecture +
                           "\") makes text, not vectors: open an embedding model, such as "
                           "all-MiniLM-L6-v2");
    }
    return std::shared_ptr<LocalEmbedder>(new LocalEmbedder(std::move(model), facts));
}

Result<uint32_t> LocalEmbedder::count_tokens(std::string_view text) const {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const TextSide> side, model_->text());
    ALV_ASSIGN_OR_RETURN(const std::vector<text::TokenId> all, embedding_tokens(*side, text, 0));
    return static_cast<uint32_t>(all.size());
}

std::string LocalEmbedder::name() const {
    const Result<std::shared_ptr<const TextSide>> side = model_->text();
    if (!side.ok()) return {};
    return (*side)->facts.architecture + " " + (*side)->facts.name;
}

Result<std::vector<text::TokenId>> LocalEmbedder::tokens(std::string_view text) const {
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const TextSide> side, model_->text());
    return embedding_tokens(*side, text, max_tokens_);
}

Result<std::shared_ptr<engine::Ticket>> LocalEmbedder::submit(std::vector<std::string> texts,
                                                              Done done) {
    return model_->submit_embedding(std::move(texts), std::move(done));
}

Result<std::vector<float>> LocalEmbedder::embed(std::vector<std::string> texts) {
    Runtime& runtime = *model_->runtime();
    if (runtime.scheduler().inside()) {
        return invalid_state("called from a callback, where it would wait for itself");
    }
    const auto waiting = std::make_shared<Waiting>();
    ALV_ASSIGN_OR_RETURN(const std::shared_ptr<engine::Ticket> ticket,
                         submit(std::move(texts), [waiting](Result<std::vector<float>> result) {
                             const std::lock_guard lock(waiting->mutex);
                             waiting->result.emplace(std::move(result));
                             waiting->changed.notify_all();
                         }));
    if (runtime.host_stepped()) {
        const Status driven =
            runtime.drive([&] { return waiting->over(); }, Clock::time_point::max());
        if (!driven.ok()) {
            ticket->cancel();
            return driven;
        }
    }
    std::unique_lock lock(waiting->mutex);
    waiting->changed.wait(lock, [&] { return waiting->result.has_value(); });
    return std::move(*waiting->result);
}

}  // namespace alv::local
