// Device memory as the layers above see it: domains, buffers, views. No Vulkan type here.
#pragma once

#include <cstdint>
#include <memory>

namespace alv::gpu {

// Where memory lies and what it is for. Which Vulkan memory type that is, memory.cpp decides.
enum class Domain : uint32_t {
    kWeights = 0,   // device local
    kKv = 1,        // device local
    kScratch = 2,   // device local
    kStep = 3,      // written by the host every step, read (and written) by shaders; always mapped
    kReadback = 4,  // written by shaders, read by the host (cached); always mapped
    kStaging = 5,   // source of copies; always mapped
};
inline constexpr uint32_t kDomainCount = 6;

class BufferState;  // VkBuffer + its place in an arena

// Shared ownership: recorded programs keep the buffers they name alive.
class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::shared_ptr<BufferState> state) : state_(std::move(state)) {}
    explicit operator bool() const { return state_ != nullptr; }
    uint64_t size_bytes() const;
    // Address in host memory, or nullptr where the host cannot see it. Coherent.
    uint8_t* mapped() const;
    BufferState* state() const { return state_.get(); }
    const std::shared_ptr<BufferState>& shared() const { return state_; }

  private:
    std::shared_ptr<BufferState> state_;
};

// A range of a buffer, as bound to a shader. `offset` is a multiple of 256.
struct BufferView {
    Buffer buffer;
    uint64_t offset = 0;
    uint64_t size_bytes = 0;

    BufferView() = default;
    BufferView(const Buffer& b) : buffer(b), offset(0), size_bytes(b.size_bytes()) {}
    BufferView(const Buffer& b, uint64_t o, uint64_t s) : buffer(b), offset(o), size_bytes(s) {}
};

}  // namespace alv::gpu
