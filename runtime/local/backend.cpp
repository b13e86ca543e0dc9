// The backend that runs models on Vulkan.
#include "local/loaded.h"
#include "local/prompt.h"
#include "model/vocabulary.h"
#include "ops/self_test.h"

namespace alv::local {
namespace {

uint64_t count_parameters(const gguf::Reader& reader) {
    uint64_t n = 0;
    for (const gguf::TensorInfo& tensor : reader.tensors()) n += tensor.n_elements;
    return n;
}

Result<Facts> read_facts(const gguf::Reader& reader) {
    Facts facts;
    ALV_ASSIGN_OR_RETURN(facts.architecture, reader.get_string_or("general.architecture", ""));
    ALV_ASSIGN_OR_RETURN(facts.name, reader.get_string_or("general.name", ""));
    facts.parameters = count_parameters(reader);
    facts.file_bytes = reader.file().size();
    return facts;
}

Result<std::shared_ptr<const TextSide>> make_text_side(
    const gguf::Reader& reader, std::shared_ptr<const text::Tokenizer> tokenizer, Facts facts) {
    ALV_ASSIGN_OR_RETURN(const std::string source,
                         reader.get_string_or("tokenizer.chat_template", ""));
    facts.has_chat_template = !source.empty();
    auto side = std::make_shared<TextSide>();
    side->tokenizer = std::move(tokenizer);
    ALV_RETURN_IF_ERROR(set_chat_template(*side, source));
    side->facts = std::move(facts);
    return std::shared_ptr<const TextSide>(std::move(side));
}

Result<Loaded> load_tokenizer(const LoadSource& source, const LoadProgress& progress) {
    if (!progress(model::LoadStage::kTokenizer, 0, 1)) return cancelled("the load was cancelled");
    ALV_ASSIGN_OR_RETURN(Facts facts, read_facts(*source.reader));
    ALV_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, model::read_vocabulary(*source.reader));
    ALV_ASSIGN_OR_RETURN(auto tokenizer, text::Tokenizer::create(std::move(vocabulary)));
    Loaded loaded;
    ALV_ASSIGN_OR_RETURN(loaded.text,
                         make_text_side(*source.reader, std::move(tokenizer), std::move(facts)));
    return loaded;
}

class VulkanBackend : public Backend {
  public:
    Result<std::shared_ptr<gpu::Device>> create_device(const gpu::DeviceOptions& options,
                                                       std::shared_ptr<const Log> log) override {
        return gpu::Device::create(options, std::move(log));
    }

    Status test_kernels(gpu::Device& device) override { return ops::test_all_kernels(device); }

    Result<Loaded> load(const LoadSource& source, std::shared_ptr<gpu::Device> device,
                        const LoadProgress& progress) override {
        if (source.tokenizer_only) return load_tokenizer(source, progress);
        model::LoadOptions options;
        options.kv_tokens = source.kv_tokens;
        options.progress = progress;
        ALV_ASSIGN_OR_RETURN(const std::shared_ptr<const model::Model> loaded,
                             model::Model::load(std::move(device), source.reader, options));
        if (!progress(model::LoadStage::kWarmUp, 0, 1)) return cancelled("the load was cancelled");

        ALV_ASSIGN_OR_RETURN(Facts facts, read_facts(*source.reader));
        const model::HParams& hparams = loaded->hparams();
        facts.n_layers = hparams.n_layers;
        facts.dim = hparams.dim;
        facts.n_heads = hparams.n_heads;
        facts.n_kv_heads = hparams.n_kv_heads;
        facts.train_context = hparams.train_context;
        facts.kv_tokens = loaded->kv_tokens();
        const bool is_encoder = hparams.arch->encoder;
        if (is_encoder) facts.embedding_dim = hparams.dim;
        facts.max_tokens = hparams.max_tokens;
        Loaded out;
        // The tokenizer lives in the model, which thereby lives as long as it.
        std::shared_ptr<const text::Tokenizer> tokenizer(loaded, &loaded->tokenizer());
        ALV_ASSIGN_OR_RETURN(
            out.text, make_text_side(*source.reader, std::move(tokenizer), std::move(facts)));
        if (is_encoder) {
            ALV_ASSIGN_OR_RETURN(out.encoder, model::Encoder::create(loaded));
        } else {
            ALV_ASSIGN_OR_RETURN(out.decoder, model::Decoder::create(loaded));
        }
        return out;
    }
};

}  // namespace

std::shared_ptr<Backend> make_backend() {
    return std::make_shared<VulkanBackend>();
}

}  // namespace alv::local
