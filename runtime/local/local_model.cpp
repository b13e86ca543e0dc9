#include "local/local_model.h"

#include <algorithm>

#include "local/embed_job.h"
#include "local/runtime.h"

namespace alv::local {
namespace {

constexpr const char* kStillLoading = "the model is still loading: wait for it by alv_model_wait";

// The host's end of a KvState: when it goes, the scheduler gives the pages back.
class LocalConversation : public engine::Conversation {
  public:
    LocalConversation(std::shared_ptr<LocalModel> model, std::shared_ptr<KvState> kv)
        : model_(std::move(model)), kv_(std::move(kv)) {}
    ~LocalConversation() override {
        kv_->closed = true;
        model_->runtime()->scheduler().poke();
    }
    uint32_t context_tokens() const override { return kv_->context_tokens; }
    uint32_t cached_tokens() const override { return kv_->cached_tokens; }
    void drop_cache() override {
        kv_->drop_requested = true;
        model_->runtime()->scheduler().poke();
    }
    const std::shared_ptr<KvState>& kv() const { return kv_; }

  private:
    const std::shared_ptr<LocalModel> model_;
    const std::shared_ptr<KvState> kv_;
};

}  // namespace

LocalModel::~LocalModel() {
    state_->cancel_requested = true;
    state_->closed = true;
    runtime_->scheduler().poke();
}

Result<std::shared_ptr<const TextSide>> LocalModel::text() const {
    std::shared_ptr<const TextSide> text = state_->text();
    if (text) return text;
    if (state_->progress().phase == ModelPhase::kFailed) return state_->error();
    return invalid_state(kStillLoading);
}

Result<Facts> LocalModel::facts() const {
    // A model that is loaded again after a loss will be there when the first reply is due.
    std::optional<Facts> known = state_->facts();
    if (state_->progress().phase == ModelPhase::kFailed) return state_->error();
    if (!known) return invalid_state(kStillLoading);
    return *std::move(known);
}

Status LocalModel::wait(Clock::time_point deadline) {
    const auto over = [&] { return state_->progress().phase != ModelPhase::kLoading; };
    if (!over()) {
        if (runtime_->scheduler().inside()) {
            return invalid_state("called from a callback, where it would wait for itself");
        }
        if (runtime_->host_stepped()) {
            ALV_RETURN_IF_ERROR(runtime_->drive(over, deadline));
        } else {
            static_cast<void>(state_->wait(deadline));
        }
    }
    if (!over()) return {Code::kTimeout, "the model is still loading"};
    return state_->error();
}

void LocalModel::cancel_load() {
    state_->cancel_requested = true;
    runtime_->scheduler().wake();
}

Result<std::shared_ptr<engine::Conversation>> LocalModel::open(uint32_t context_tokens,
                                                               bool fast_reuse) {
    ALV_ASSIGN_OR_RETURN(const Facts facts, this->facts());
    if (facts.embedding_dim != 0) {
        return unsupported("the model (\"" + facts.architecture +
                           "\") makes vectors of texts and writes none: make an embedder of it "
                           "(alv_embedder_create)");
    }
    if (facts.kv_tokens == 0) {
        return invalid_state(
            "the model was opened for its tokenizer only: open it without "
            "ALV_MODEL_TOKENIZER_ONLY to generate");
    }
    if (context_tokens > facts.kv_tokens) {
        return limit_exceeded("a context of " + std::to_string(context_tokens) +
                              " tokens does not fit into the model's kv cache of " +
                              std::to_string(facts.kv_tokens) +
                              ": open the model with more kv_tokens, or ask for less");
    }
    const uint32_t longest =
        facts.train_context ? std::min(facts.train_context, facts.kv_tokens) : facts.kv_tokens;
    auto kv = std::make_shared<KvState>(context_tokens ? context_tokens : longest, fast_reuse);
    auto conversation = std::make_shared<LocalConversation>(shared_from_this(), kv);
    runtime_->scheduler().add_conversation(state_, std::move(kv));
    return std::shared_ptr<engine::Conversation>(std::move(conversation));
}

Result<std::shared_ptr<engine::Ticket>> LocalModel::submit(
    engine::Request request, std::shared_ptr<engine::EventSink> sink) {
    const auto* conversation = dynamic_cast<LocalConversation*>(request.conversation.get());
    if (!conversation) return internal_error("a conversation of another engine");
    const std::shared_ptr<KvState> kv = conversation->kv();
    request.conversation.reset();  // it would keep the runtime alive from inside
    auto generation = std::make_shared<Generation>(std::move(request), kv, state_, std::move(sink));
    ALV_RETURN_IF_ERROR(runtime_->scheduler().add_generation(generation));
    return std::shared_ptr<engine::Ticket>(std::move(generation));
}

Result<std::shared_ptr<engine::Ticket>> LocalModel::submit_embedding(std::vector<std::string> texts,
                                                                     engine::Embedder::Done done) {
    auto job = std::make_shared<EmbedJob>(std::move(texts), state_, std::move(done));
    ALV_RETURN_IF_ERROR(runtime_->scheduler().add_embedding(job));
    return std::shared_ptr<engine::Ticket>(std::move(job));
}

}  // namespace alv::local
