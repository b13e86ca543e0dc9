#include "local/admission.h"

namespace alv::local {
namespace {

// Kv is a cache: the conversation that was silent for longest goes first.
void evict_idle(ModelState& model, uint64_t tokens_needed) {
    while (model.decoder->kv_tokens_free() < tokens_needed) {
        KvState* oldest = nullptr;
        for (const auto& kv : model.conversations) {
            if (kv->busy || !kv->sequence) continue;
            if (!oldest || kv->last_used < oldest->last_used) oldest = kv.get();
        }
        if (!oldest) return;
        oldest->drop();
    }
}

}  // namespace

bool admit(Generation& generation, const std::vector<std::shared_ptr<Generation>>& all) {
    ModelState& model = generation.model();
    uint64_t promised = 0;
    bool others = false;
    for (const auto& other : all) {
        if (&other->model() != &model || !other->admitted() || other->over()) continue;
        promised += other->tokens_outstanding();
        others = true;
    }
    const uint64_t needed = promised + generation.tokens_outstanding();
    if (model.decoder->kv_tokens_free() < needed) evict_idle(model, needed);
    if (model.decoder->kv_tokens_free() < needed && others) return false;
    generation.admit();
    return generation.admitted();
}

}  // namespace alv::local
