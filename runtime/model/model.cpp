#include "model/model.h"

#include <utility>

#include "model/encoder_program.h"
#include "model/forward.h"
#include "model/memory_plan.h"
#include "model/vocabulary.h"
#include "model/weights.h"
#include "ops/self_test.h"

namespace alv::model {

namespace {

bool report(const LoadOptions& options, LoadStage stage, uint64_t done, uint64_t total) {
    return !options.progress || options.progress(stage, done, total);
}

Status stopped() {
    return cancelled("the load was cancelled");
}

Status refuse_memory(const MemoryPlan& plan, uint32_t kv_tokens) {
    const auto mib = [](uint64_t bytes) { return std::to_string((bytes >> 20) + 1) + " MiB"; };
    std::string message = "the model needs " + mib(plan.weights_bytes) + " for weights, " +
                          mib(plan.kv_bytes) + " for " + std::to_string(kv_tokens) +
                          " kv tokens and " + mib(plan.scratch_bytes + plan.staging_bytes) +
                          " besides; the device has " + mib(plan.budget_bytes) + " free";
    message += plan.max_kv_tokens > 0
                   ? "; " + std::to_string(plan.max_kv_tokens) + " kv tokens would fit"
                   : "; use a smaller model or a stronger quantization";
    return out_of_device_memory(std::move(message));
}

Result<std::unique_ptr<const text::Tokenizer>> load_tokenizer(const gguf::Reader& reader,
                                                              const HParams& hp) {
    ALV_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, read_vocabulary(reader));
    if (vocabulary.tokens.size() > hp.n_vocab) {
        return corrupt_file(
            "tokenizer.ggml.tokens has " + std::to_string(vocabulary.tokens.size()) +
            " entries, token_embd.weight only " + std::to_string(hp.n_vocab) + " rows");
    }
    return text::Tokenizer::create(std::move(vocabulary));
}

}  // namespace

Model::Model() = default;
Model::~Model() = default;

Result<std::shared_ptr<const Model>> Model::load(std::shared_ptr<gpu::Device> device,
                                                 const std::shared_ptr<const gguf::Reader>& reader,
                                                 const LoadOptions& options) {
    const std::shared_ptr<Model> model(new Model());
    ALV_ASSIGN_OR_RETURN(model->hparams_, read_hparams(*reader));
    const HParams& hp = model->hparams_;
    ALV_ASSIGN_OR_RETURN(const WeightPlan weights,
                         plan_weights(*reader, hp, device->plan().chunk_bytes));
    model->kv_tokens_ = resolve_kv_tokens(hp, options);
    model->memory_ = make_memory_plan(*device, *reader, hp, weights, model->kv_tokens_);
    if (!model->memory_.fits) return refuse_memory(model->memory_, model->kv_tokens_);

    if (!report(options, LoadStage::kTokenizer, 0, 1)) return stopped();
    ALV_ASSIGN_OR_RETURN(model->tokenizer_, load_tokenizer(*reader, hp));
    ALV_ASSIGN_OR_RETURN(model->chat_template_,
                         reader->get_string_or("tokenizer.chat_template", ""));
    if (!report(options, LoadStage::kTokenizer, 1, 1)) return stopped();

    const gpu::Plan& plan = device->plan();
    const auto keys = [&] {
        return hp.arch->encoder ? encoder_keys(plan, hp, weights)
                                : forward_keys(plan, hp, weights, plan.prefill_tokens);
    };
    ALV_RETURN_IF_ERROR(ops::prepare_kernels(*device, keys, [&](size_t done, size_t total) {
        return report(options, LoadStage::kPipelines, done, total);
    }));
    device->expect(gpu::Domain::kWeights, weights.size_bytes);
    ALV_ASSIGN_OR_RETURN(
        WeightSet set, upload_weights(*device, *reader, hp, weights, model->kv_tokens_,
                                      [&](uint64_t done, uint64_t total) {
                                          return report(options, LoadStage::kWeights, done, total);
                                      }));
    model->weights_ = std::make_unique<WeightSet>(std::move(set));
    model->device_ = std::move(device);
    return std::shared_ptr<const Model>(model);
}

}  // namespace alv::model
