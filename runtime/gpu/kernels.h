// Pipelines by (shader, constants): made on demand or many at once, kept until the device goes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "gpu/context.h"
#include "gpu/kernel.h"
#include "gpu/kernel_checks.h"
#include "gpu/reflect.h"
#include "gpu/shaders.h"

namespace alv::gpu {

// What all pipelines of one shader share.
struct ShaderLayout {
    std::span<const uint32_t> words;
    Reflection reflection;
    VkDescriptorSetLayout set_layout = VK_NULL_HANDLE;
    VkPipelineLayout pipeline_layout = VK_NULL_HANDLE;
};

inline VkDescriptorType descriptor_type(BindingKind kind) {
    return kind == BindingKind::kStorage ? VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
                                         : VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
}

class KernelState : public Kernel {
  public:
    KernelState(const Context* context, KernelKey key, const ShaderLayout* layout,
                VkPipeline pipeline)
        : context_(context), key_(std::move(key)), layout_(layout), pipeline_(pipeline) {}
    const KernelKey& key() const override { return key_; }
    const KernelInterface& interface() const override { return layout_->reflection.interface; }
    const ShaderLayout& layout() const { return *layout_; }
    VkPipeline pipeline() const { return pipeline_; }
    const Context* context() const { return context_; }

  private:
    friend class Kernels;
    const Context* context_;
    KernelKey key_;
    const ShaderLayout* layout_;
    VkPipeline pipeline_;
};

// Thread-safe.
class Kernels {
  public:
    // `blob`: of an earlier pipeline_cache(); a bad one is only a miss. `extra` are shaders of
    // tests.
    static Result<std::unique_ptr<Kernels>> create(std::shared_ptr<Context> context,
                                                   std::span<const ShaderBlob> extra,
                                                   std::span<const uint8_t> blob);
    ~Kernels();

    // Unsupported for a kernel in quarantine.
    Result<const Kernel*> get(const KernelKey& key);
    Status prepare(std::span<const KernelKey> keys,
                   const std::function<bool(size_t, size_t)>& progress);
    Result<std::vector<uint8_t>> pipeline_cache() const;
    const std::shared_ptr<KernelChecks>& checks() const { return checks_; }

  private:
    struct KeyHash {
        size_t operator()(const KernelKey& key) const;
    };

    Kernels(std::shared_ptr<Context> context, std::span<const ShaderBlob> extra)
        : context_(std::move(context)), extra_(extra) {}
    const Kernel* find(const KernelKey& key) const;
    const ShaderBlob* find_blob(std::string_view name) const;
    uint64_t hash_of(std::string_view shader) const;
    void take_checks(std::span<const uint8_t> packed);
    Result<const ShaderLayout*> layout(const std::string& shader);
    Status make_layouts(ShaderLayout& layout) const;
    Status check_limits(const KernelKey& key, const Reflection& reflection) const;
    Result<VkPipeline> make_pipeline(const KernelKey& key, const ShaderLayout& layout) const;

    std::shared_ptr<Context> context_;
    std::span<const ShaderBlob> extra_;
    VkPipelineCache cache_ = VK_NULL_HANDLE;
    const std::shared_ptr<KernelChecks> checks_ = std::make_shared<KernelChecks>();
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<ShaderLayout>> layouts_;
    std::unordered_map<KernelKey, std::unique_ptr<KernelState>, KeyHash> kernels_;
};

// What a device lacks to run a shader with these capabilities, or "".
std::string missing_capability(const Caps& caps, std::span<const uint32_t> capabilities);

}  // namespace alv::gpu
