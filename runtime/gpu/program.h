// Command buffers with all they refer to.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "gpu/commands.h"
#include "gpu/context.h"
#include "gpu/hazards.h"
#include "gpu/recorder.h"

namespace alv::gpu {

// Vulkan's views of texel buffers, by buffer, offset, size and kind of binding.
using TexelViews = std::map<std::array<uint64_t, 4>, VkBufferView>;

class ProgramImpl : public Program {
  public:
    static Result<std::unique_ptr<ProgramImpl>> create(std::shared_ptr<Context> context,
                                                       const CommandList& list);
    // Waits until the device is done with it.
    ~ProgramImpl() override;

    uint32_t n_segments() const override { return static_cast<uint32_t>(segments_.size()); }
    uint32_t n_dispatches() const override { return n_dispatches_; }
    // Of segments [first, first + count).
    uint32_t n_dispatches(uint32_t first, uint32_t count) const;
    uint32_t n_barriers() const override { return n_barriers_; }
    Result<std::vector<OpTime>> profile() const override;

    std::span<const VkCommandBuffer> segments() const { return segments_; }
    const Context* context() const { return context_.get(); }
    void submitted(uint32_t first, uint32_t count, uint64_t value) const;
    // Appends the times of these segments, whose last run is over.
    Status read_times(uint32_t first, uint32_t count, std::vector<OpTime>& times) const;

  private:
    explicit ProgramImpl(std::shared_ptr<Context> context) : context_(std::move(context)) {}
    Status make_sets(const CommandList& list);
    Status allocate_sets(const CommandList& list, std::span<const Command* const> owners);
    Status make_views(const CommandList& list, std::span<const Command* const> owners);
    void write_sets(const CommandList& list, std::span<const Command* const> owners) const;
    Status make_command_buffers(uint32_t n_segments);
    Status make_queries(const CommandList& list);
    // Records the commands of `segment`, the first of which is commands[at]; moves `at` past them.
    Status record_segment(const CommandList& list, uint32_t segment, size_t& at);
    void record_command(const CommandList& list, size_t index, VkCommandBuffer buffer);
    void record_dispatch(const CommandList& list, size_t index, VkCommandBuffer buffer);
    void barrier(VkCommandBuffer buffer, VkPipelineStageFlags to, VkAccessFlags access) const;
    void stamp(VkCommandBuffer buffer, uint32_t query) const;
    Status read_queries(uint32_t segment, std::vector<OpTime>& times) const;

    std::shared_ptr<Context> context_;
    std::vector<std::shared_ptr<BufferState>> buffers_;  // kept alive
    VkDescriptorPool descriptors_ = VK_NULL_HANDLE;
    TexelViews texel_views_;
    VkCommandPool command_pool_ = VK_NULL_HANDLE;
    VkQueryPool queries_ = VK_NULL_HANDLE;
    std::vector<VkCommandBuffer> segments_;
    std::vector<VkDescriptorSet> sets_;
    std::vector<uint32_t> set_of_;  // by command
    uint32_t n_dispatches_ = 0;
    std::vector<uint32_t> dispatches_up_to_;  // the end of each segment
    uint32_t n_barriers_ = 0;
    // Profile: the queries of segment s are [first_query_[s], first_query_[s + 1]), the first of
    // them for its start and then one after each command, whose names are in op_names_.
    std::vector<uint32_t> first_query_;
    std::vector<std::string> op_names_;
    // While recording.
    VkPipelineStageFlags stages_ = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;  // that the program uses
    HazardTracker hazards_;
    const KernelState* bound_kernel_ = nullptr;
    uint32_t bound_set_ = UINT32_MAX;
    // Of submits.
    mutable std::vector<bool> ran_;  // by segment
    mutable std::atomic<uint64_t> last_value_{0};
};

}  // namespace alv::gpu
