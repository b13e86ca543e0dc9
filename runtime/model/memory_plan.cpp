#include "model/memory_plan.h"

#include <algorithm>

#include "base/checked.h"
#include "model/encoder_buffers.h"
#include "model/kv_cache.h"
#include "shared.h"

namespace alv::model {

namespace {

constexpr uint32_t kDefaultKvTokens = 4096;
constexpr uint32_t kMaxBatch = 32;
constexpr uint64_t kStagingBytes = 16u << 20;

// Tokenizer and tables: its strings in the file, some three times over once they are indexed.
uint64_t host_bytes(const gguf::Reader& reader) {
    uint64_t total = 0;
    for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
        const gguf::Entry* entry = reader.find(key);
        if (entry != nullptr) total += entry->size_bytes * 3;
    }
    return total;
}

// No cache: what is left must hold the activations.
MemoryPlan make_encoder_plan(const gpu::Device& device, const gguf::Reader& reader,
                             const HParams& hp, MemoryPlan plan) {
    plan.scratch_bytes = encoder_buffer_bytes(hp, encoder_sizes(device.plan(), hp));
    plan.staging_bytes = device.caps().unified_memory ? 0 : kStagingBytes;
    plan.host_bytes = host_bytes(reader);
    plan.budget_bytes = device.memory_use().budget_bytes;
    plan.fits = plan.weights_bytes + plan.scratch_bytes + plan.staging_bytes <= plan.budget_bytes;
    return plan;
}

}  // namespace

uint32_t resolve_kv_tokens(const HParams& hp, const LoadOptions& options) {
    if (hp.arch->encoder) return 0;
    const uint32_t wanted =
        options.kv_tokens != 0 ? options.kv_tokens : std::min(hp.train_context, kDefaultKvTokens);
    return static_cast<uint32_t>(align_up(wanted, shared::kPageTokens));
}

StepSizes step_sizes(const gpu::Plan& plan, bool separate_gate_up, uint32_t kv_tokens) {
    StepSizes sizes;
    const uint64_t unit = std::max(plan.matmul_columns, kScoreRows);
    sizes.max_tokens = static_cast<uint32_t>(align_up(plan.prefill_tokens, unit));
    sizes.max_pages = static_cast<uint32_t>(div_up(kv_tokens, shared::kPageTokens));
    sizes.separate_gate_up = separate_gate_up;
    sizes.max_batch = std::min(kMaxBatch, sizes.max_tokens);
    sizes.logit_rows = static_cast<uint32_t>(unit);
    return sizes;
}

MemoryPlan make_memory_plan(const gpu::Device& device, const gguf::Reader& reader,
                            const HParams& hp, const WeightPlan& weights, uint32_t kv_tokens) {
    MemoryPlan plan;
    plan.weights_bytes = weights.size_bytes;
    if (hp.arch->encoder) return make_encoder_plan(device, reader, hp, plan);
    const uint64_t per_token = KvPool::bytes_per_token(hp);
    plan.kv_bytes = per_token * kv_tokens;
    const StepSizes sizes =
        step_sizes(device.plan(), has_separate_gate_up(weights.layers), kv_tokens);
    plan.scratch_bytes = step_buffer_bytes(hp, sizes);
    plan.staging_bytes = device.caps().unified_memory ? 0 : kStagingBytes;
    plan.host_bytes = host_bytes(reader);
    plan.budget_bytes = device.memory_use().budget_bytes;
    const uint64_t besides_kv = plan.weights_bytes + plan.scratch_bytes + plan.staging_bytes;
    plan.fits = besides_kv + plan.kv_bytes <= plan.budget_bytes;
    // A page costs its place in each row of the page table, too.
    const uint64_t table_each = uint64_t{sizes.max_batch} * sizeof(uint32_t);
    const uint64_t fixed = besides_kv - table_each * sizes.max_pages;
    const uint64_t left = plan.budget_bytes > fixed ? plan.budget_bytes - fixed : 0;
    plan.max_kv_tokens =
        left / (per_token * shared::kPageTokens + table_each) * shared::kPageTokens;
    return plan;
}

Result<MemoryPlan> plan_memory(const gpu::Device& device, const gguf::Reader& reader,
                               const LoadOptions& options) {
    ALV_ASSIGN_OR_RETURN(const HParams hp, read_hparams(reader));
    ALV_ASSIGN_OR_RETURN(const WeightPlan weights,
                         plan_weights(reader, hp, device.plan().chunk_bytes));
    return make_memory_plan(device, reader, hp, weights, resolve_kv_tokens(hp, options));
}

}  // namespace alv::model
