// The kv cache: pages of 32 positions from one pool, reached through a sequence's page table.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "gpu/device.h"
#include "model/decoder.h"

namespace alv::model {

// Pages of all layers together: page i has a place in every layer's buffers.
class KvPool {
  public:
    // Zeroed: attention multiplies what it masks by 0, which must not be NaN.
    static Result<std::shared_ptr<KvPool>> create(gpu::Device& device, const HParams& hparams,
                                                  uint32_t n_tokens);
    static uint64_t bytes_per_token(const HParams& hparams);

    const gpu::BufferView& keys(uint32_t layer) const { return layers_[layer].keys; }
    const gpu::BufferView& values(uint32_t layer) const { return layers_[layer].values; }
    uint32_t n_pages() const { return n_pages_; }
    uint32_t n_free_pages() const { return static_cast<uint32_t>(free_.size()); }

    // Takes `n` pages more into `pages`, or none: out of device memory.
    Status take(uint32_t n, std::vector<uint32_t>& pages);
    void give_back(std::vector<uint32_t>& pages, size_t keep);

  private:
    struct Layer {
        gpu::BufferView keys;
        gpu::BufferView values;
    };
    std::vector<Layer> layers_;
    std::vector<uint32_t> free_;
    uint32_t n_pages_ = 0;
};

class PagedSequence : public Sequence {
  public:
    PagedSequence(std::shared_ptr<KvPool> pool, uint32_t max_tokens)
        : pool_(std::move(pool)), max_tokens_(max_tokens) {}
    ~PagedSequence() override { pool_->give_back(pages_, 0); }
    PagedSequence(const PagedSequence&) = delete;
    PagedSequence& operator=(const PagedSequence&) = delete;

    uint32_t length() const override { return length_; }
    void truncate(uint32_t length) override;

    uint32_t max_tokens() const { return max_tokens_; }
    const std::vector<uint32_t>& pages() const { return pages_; }
    // Makes room for `n` tokens behind the present ones.
    Status reserve(uint32_t n);
    void advance(uint32_t n) { length_ += n; }

  private:
    std::shared_ptr<KvPool> pool_;
    uint32_t max_tokens_;
    uint32_t length_ = 0;
    std::vector<uint32_t> pages_;
};

}  // namespace alv::model
