// Vectors in memory, in slots 0, 1, 2, ...; a vector stays where it is.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace alv::knowledge {

// Thread-compatible; reading is safe from any number of threads while nothing is appended.
class Vectors {
  public:
    explicit Vectors(uint32_t dim) : dim_(dim) {}
    uint32_t dim() const { return dim_; }
    uint32_t size() const { return size_; }
    const float* at(uint32_t slot) const {
        return blocks_[slot / kBlock].get() + static_cast<size_t>(slot % kBlock) * dim_;
    }
    void append(const float* vector) {
        if (size_ % kBlock == 0) {
            blocks_.push_back(std::make_unique<float[]>(static_cast<size_t>(kBlock) * dim_));
        }
        std::memcpy(blocks_.back().get() + static_cast<size_t>(size_ % kBlock) * dim_, vector,
                    dim_ * sizeof(float));
        ++size_;
    }

  private:
    static constexpr uint32_t kBlock = 1024;
    const uint32_t dim_;
    uint32_t size_ = 0;
    std::vector<std::unique_ptr<float[]>> blocks_;
};

}  // namespace alv::knowledge
