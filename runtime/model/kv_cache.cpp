#include "model/kv_cache.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "shared.h"

namespace alv::model {

namespace {

// Bytes of the keys (or values) of one position in one layer.
uint64_t side_bytes(const HParams& hp) {
    return uint64_t{hp.n_kv_heads} * hp.head_dim * 2;
}

}  // namespace

uint64_t KvPool::bytes_per_token(const HParams& hp) {
    return side_bytes(hp) * 2 * hp.n_layers;
}

Result<std::shared_ptr<KvPool>> KvPool::create(gpu::Device& device, const HParams& hp,
                                               uint32_t n_tokens) {
    auto pool = std::make_shared<KvPool>();
    pool->n_pages_ = static_cast<uint32_t>(div_up(n_tokens, shared::kPageTokens));
    const uint64_t side = side_bytes(hp) * shared::kPageTokens * pool->n_pages_;
    if (side > device.plan().chunk_bytes) {
        return limit_exceeded("a kv cache of " + std::to_string(n_tokens) + " tokens needs " +
                              std::to_string(side) + " bytes in one range, the device allows " +
                              std::to_string(device.plan().chunk_bytes) +
                              "; ask for fewer kv tokens");
    }
    const auto recorder = device.record("clear kv");
    for (uint32_t i = 0; i < hp.n_layers; ++i) {
        Layer layer;
        ALV_ASSIGN_OR_RETURN(layer.keys, device.create_buffer(gpu::Domain::kKv, side, "keys"));
        ALV_ASSIGN_OR_RETURN(layer.values, device.create_buffer(gpu::Domain::kKv, side, "values"));
        recorder->fill(layer.keys, 0);
        recorder->fill(layer.values, 0);
        pool->layers_.push_back(std::move(layer));
    }
    ALV_ASSIGN_OR_RETURN(const auto program, recorder->finish());
    ALV_ASSIGN_OR_RETURN(const uint64_t value, device.submit(*program, 0, program->n_segments()));
    ALV_ASSIGN_OR_RETURN(const bool done, device.wait(value, UINT64_MAX));
    if (!done) return internal_error("clearing the kv cache did not end");
    // Low pages are taken first.
    for (uint32_t page = pool->n_pages_; page-- > 0;) pool->free_.push_back(page);
    return pool;
}

Status KvPool::take(uint32_t n, std::vector<uint32_t>& pages) {
    if (n > free_.size()) {
        return out_of_device_memory("the kv cache has " +
                                    std::to_string(free_.size() * shared::kPageTokens) +
                                    " tokens free, " + std::to_string(n * shared::kPageTokens) +
                                    " more are needed; release a session or load the model with "
                                    "more kv tokens");
    }
    pages.reserve(pages.size() + n);
    for (uint32_t i = 0; i < n; ++i) {
        pages.push_back(free_.back());
        free_.pop_back();
    }
    return ok_status();
}

void KvPool::give_back(std::vector<uint32_t>& pages, size_t keep) {
    while (pages.size() > keep) {
        free_.push_back(pages.back());
        pages.pop_back();
    }
}

void PagedSequence::truncate(uint32_t length) {
    length_ = std::min(length_, length);
    pool_->give_back(pages_, div_up(length_, shared::kPageTokens));
}

Status PagedSequence::reserve(uint32_t n) {
    if (n > max_tokens_ - length_) {
        return limit_exceeded("the sequence holds " + std::to_string(length_) + " of at most " +
                              std::to_string(max_tokens_) + " tokens, " + std::to_string(n) +
                              " more do not fit");
    }
    const uint64_t need = div_up(uint64_t{length_} + n, shared::kPageTokens);
    if (need <= pages_.size()) return ok_status();
    return pool_->take(static_cast<uint32_t>(need - pages_.size()), pages_);
}

}  // namespace alv::model
