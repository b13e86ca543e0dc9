#include "model/chip_kernels.h"

#include <algorithm>

#include "base/file.h"
#include "model/forward.h"
#include "model/tiny_model.h"
#include "ops/attention.h"
#include "ops/matmul.h"

namespace alv::model::test {

namespace {

using Reader = std::shared_ptr<const gguf::Reader>;

Result<Reader> open_model(const std::string& file) {
    ALV_ASSIGN_OR_RETURN(const auto mapped,
                         open_mapped_file(std::string(ALV_TEST_MODEL_DIR) + "/" + file));
    return gguf::Reader::open(mapped);
}

// Heads as in Llama 3 8B and Mistral 7B. Kernels are told rows and columns when they run: of these
// there are few.
Result<Reader> shaped_7b(DType type) {
    TinyOptions options;
    options.n_layers = 1;
    options.dim = options.ffn_dim = 256;
    options.n_heads = 32;
    options.n_kv_heads = 8;
    options.head_dim = 128;
    options.type = options.up_type = type;
    return open_gguf(tiny_model(options));
}

bool contains(const std::vector<gpu::KernelKey>& keys, const gpu::KernelKey& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Status add(const std::string& name, const gguf::Reader& reader, const gpu::Plan& plan,
           std::vector<ChipKernel>& kernels) {
    ALV_ASSIGN_OR_RETURN(const HParams hp, read_hparams(reader));
    ALV_ASSIGN_OR_RETURN(const WeightPlan weights, plan_weights(reader, hp, plan.chunk_bytes));
    const ops::AttentionShape heads{hp.n_heads, hp.n_kv_heads, hp.head_dim};
    std::vector<gpu::KernelKey> one{ops::attention_key(plan, heads, 1)};
    std::vector<gpu::KernelKey> many{ops::attention_key(plan, heads, plan.prefill_tokens)};
    for (const ops::WeightFormat format : formats_of(weights)) {
        one.push_back(ops::matmul_key(plan, format, 1));
        many.push_back(ops::matmul_key(plan, format, plan.matmul_columns));
    }
    for (const gpu::KernelKey& key : forward_keys(plan, hp, weights, plan.prefill_tokens)) {
        const bool decode = contains(one, key) || !contains(many, key);
        const auto known = std::find_if(kernels.begin(), kernels.end(),
                                        [&](const ChipKernel& k) { return k.key == key; });
        if (known == kernels.end()) {
            kernels.push_back({key, name, decode});
            continue;
        }
        known->decode = known->decode || decode;
        if (!known->models.ends_with(name)) known->models += ", " + name;
    }
    return ok_status();
}

}  // namespace

Result<std::vector<ChipKernel>> chip_kernels(const gpu::Plan& plan) {
    std::vector<ChipKernel> kernels;
    for (const auto& [name, file] : std::vector<std::pair<std::string, std::string>>{
             {"SmolLM2", "SmolLM2-135M-Instruct.Q4_1.gguf"},
             {"Gemma 3", "gemma-3-270m-q4_k_m.gguf"}}) {
        ALV_ASSIGN_OR_RETURN(const Reader reader, open_model(file));
        ALV_RETURN_IF_ERROR(add(name, *reader, plan, kernels));
    }
    for (const DType type : {DType::kQ4_0, DType::kQ8_0, DType::kQ4_K, DType::kQ6_K}) {
        ALV_ASSIGN_OR_RETURN(const Reader reader, shaped_7b(type));
        const std::string name = "7B " + std::string(dtype_traits(type).name);
        ALV_RETURN_IF_ERROR(add(name, *reader, plan, kernels));
    }
    return kernels;
}

}  // namespace alv::model::test
