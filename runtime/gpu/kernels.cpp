#include "gpu/kernels.h"

#include <algorithm>

#include "gpu/pipeline_cache.h"

namespace alv::gpu {

Result<std::unique_ptr<Kernels>> Kernels::create(std::shared_ptr<Context> context,
                                                 std::span<const ShaderBlob> extra,
                                                 std::span<const uint8_t> blob) {
    std::unique_ptr<Kernels> self(new Kernels(std::move(context), extra));
    const Context& c = *self->context_;
    const auto [checks, data] = unwrap_pipeline_cache(c.caps(), blob);
    self->take_checks(checks);
    if (data.empty() && checks.empty() && !blob.empty()) {
        c.log(LogLevel::kInfo,
              "the pipeline cache is of another device or driver, or damaged: "
              "starting with an empty one");
    }
    VkPipelineCacheCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
    info.initialDataSize = data.size();
    info.pInitialData = data.data();
    ALV_RETURN_IF_ERROR(
        c.check(c.vk().CreatePipelineCache(c.device(), &info, nullptr, &self->cache_),
                "vkCreatePipelineCache"));
    return self;
}

Kernels::~Kernels() {
    const DeviceCalls& vk = context_->vk();
    for (auto& [key, kernel] : kernels_) context_->destroy(vk.DestroyPipeline, kernel->pipeline_);
    for (auto& [name, layout] : layouts_) {
        context_->destroy(vk.DestroyPipelineLayout, layout->pipeline_layout);
        context_->destroy(vk.DestroyDescriptorSetLayout, layout->set_layout);
    }
    context_->destroy(vk.DestroyPipelineCache, cache_);
}

size_t Kernels::KeyHash::operator()(const KernelKey& key) const {
    size_t hash = std::hash<std::string>()(key.shader);
    for (const uint32_t constant : key.constants) hash = hash * 0x9e3779b97f4a7c15 + constant;
    return hash;
}

const Kernel* Kernels::find(const KernelKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto it = kernels_.find(key);
    return it == kernels_.end() ? nullptr : it->second.get();
}

const ShaderBlob* Kernels::find_blob(std::string_view name) const {
    for (const ShaderBlob& shader : extra_) {
        if (shader.name == name) return &shader;
    }
    return find_shader(name);
}

uint64_t Kernels::hash_of(std::string_view shader) const {
    const ShaderBlob* const blob = find_blob(shader);
    if (blob == nullptr) return 0;
    return hash_bytes(
        {reinterpret_cast<const uint8_t*>(blob->words.data()), blob->words.size_bytes()});
}

void Kernels::take_checks(std::span<const uint8_t> packed) {
    auto known = unpack_checks(packed, [this](std::string_view name) { return hash_of(name); });
    for (KernelCheck& check : known) {
        if (!check.passed) {
            context_->log(LogLevel::kWarning,
                          "kernel " + name_of(check.key) +
                              " failed its self-test on this device and driver in an earlier run "
                              "and is not used");
        }
        checks_->add(std::move(check));
    }
}

Result<const ShaderLayout*> Kernels::layout(const std::string& shader) {
    const std::lock_guard lock(mutex_);
    if (const auto it = layouts_.find(shader); it != layouts_.end()) return it->second.get();
    const ShaderBlob* const blob = find_blob(shader);
    if (blob == nullptr) return not_found("no shader is named " + shader);
    auto layout = std::make_unique<ShaderLayout>();
    layout->words = blob->words;
    auto reflection = reflect(blob->words);
    if (!reflection.ok()) return reflection.status().annotate(shader);
    layout->reflection = std::move(*reflection);
    const Status status = make_layouts(*layout);
    if (!status.ok()) {
        context_->destroy(context_->vk().DestroyPipelineLayout, layout->pipeline_layout);
        context_->destroy(context_->vk().DestroyDescriptorSetLayout, layout->set_layout);
        return status;
    }
    const ShaderLayout* const made = layout.get();
    layouts_[shader] = std::move(layout);
    return made;
}

Status Kernels::make_layouts(ShaderLayout& layout) const {
    const Context& c = *context_;
    std::vector<VkDescriptorSetLayoutBinding> bindings;
    for (uint32_t b = 0; b < layout.reflection.interface.n_bindings; ++b) {
        if (!layout.reflection.binding_present[b]) continue;
        bindings.push_back({b, descriptor_type(layout.reflection.interface.binding_kinds[b]), 1,
                            VK_SHADER_STAGE_COMPUTE_BIT, nullptr});
    }
    VkDescriptorSetLayoutCreateInfo set{};
    set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
    set.bindingCount = static_cast<uint32_t>(bindings.size());
    set.pBindings = bindings.data();
    ALV_RETURN_IF_ERROR(
        c.check(c.vk().CreateDescriptorSetLayout(c.device(), &set, nullptr, &layout.set_layout),
                "vkCreateDescriptorSetLayout"));
    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                    layout.reflection.interface.push_constant_bytes};
    VkPipelineLayoutCreateInfo pipeline{};
    pipeline.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
    pipeline.setLayoutCount = 1;
    pipeline.pSetLayouts = &layout.set_layout;
    pipeline.pushConstantRangeCount = range.size == 0 ? 0 : 1;
    pipeline.pPushConstantRanges = &range;
    return c.check(
        c.vk().CreatePipelineLayout(c.device(), &pipeline, nullptr, &layout.pipeline_layout),
        "vkCreatePipelineLayout");
}

// What a driver would not check but break on.
Status Kernels::check_limits(const KernelKey& key, const Reflection& reflection) const {
    const Caps& caps = context_->caps();
    const std::string lacks = missing_capability(caps, reflection.capabilities);
    if (!lacks.empty()) {
        return unsupported(key.shader + " needs " + lacks + ", which " + caps.device_name +
                           " does not have");
    }
    if (reflection.interface.n_bindings > caps.max_storage_buffers_per_stage ||
        reflection.interface.push_constant_bytes > caps.max_push_constant_bytes) {
        return unsupported(key.shader + " needs more buffers or push constants than " +
                           caps.device_name + " has");
    }
    uint64_t invocations = 1;
    for (size_t i = 0; i < 3; ++i) {
        const WorkgroupExtent& extent = reflection.workgroup[i];
        const uint64_t size =
            extent.spec_id < key.constants.size() ? key.constants[extent.spec_id] : extent.value;
        invocations *= std::min<uint64_t>(size, UINT32_MAX);
        if (size == 0 || size > caps.max_workgroup_size[i] ||
            invocations > caps.max_workgroup_invocations) {
            return limit_exceeded(key.shader + ": a workgroup of " + std::to_string(size) + " is " +
                                  "beyond the limits of " + caps.device_name);
        }
    }
    return ok_status();
}

Result<VkPipeline> Kernels::make_pipeline(const KernelKey& key, const ShaderLayout& layout) const {
    const Context& c = *context_;
    ALV_RETURN_IF_ERROR(check_limits(key, layout.reflection));
    // What takes memory comes before the module, which nobody else would destroy.
    std::vector<VkSpecializationMapEntry> entries;
    for (uint32_t i = 0; i < key.constants.size(); ++i) {
        entries.push_back({i, i * 4, 4});
    }
    VkShaderModuleCreateInfo module_info{};
    module_info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
    module_info.codeSize = layout.words.size_bytes();
    module_info.pCode = layout.words.data();
    VkShaderModule module = VK_NULL_HANDLE;
    ALV_RETURN_IF_ERROR(
        c.check(c.vk().CreateShaderModule(c.device(), &module_info, nullptr, &module),
                "vkCreateShaderModule"));

    const VkSpecializationInfo constants{static_cast<uint32_t>(entries.size()), entries.data(),
                                         key.constants.size() * 4, key.constants.data()};
    VkComputePipelineCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = "main";
    info.stage.pSpecializationInfo = &constants;
    info.layout = layout.pipeline_layout;
    VkPipeline pipeline = VK_NULL_HANDLE;
    const Status status =
        c.check(c.vk().CreateComputePipelines(c.device(), cache_, 1, &info, nullptr, &pipeline),
                "vkCreateComputePipelines");
    c.destroy(c.vk().DestroyShaderModule, module);
    if (!status.ok()) return Status(status).annotate(key.shader);
    return pipeline;
}

Result<const Kernel*> Kernels::get(const KernelKey& key) {
    ALV_RETURN_IF_ERROR(context_->alive());
    if (checks_->failed(key)) {
        return unsupported("kernel " + name_of(key) +
                           " gave a wrong answer in its self-test, and no other kernel does its "
                           "work on " +
                           context_->caps().device_name +
                           ": update the driver, or use another device");
    }
    if (const Kernel* const found = find(key)) return found;
    ALV_ASSIGN_OR_RETURN(const ShaderLayout* const shader, layout(key.shader));
    // Made outside the lock, so that several are made at once.
    ALV_ASSIGN_OR_RETURN(VkPipeline pipeline, make_pipeline(key, *shader));
    try {
        auto kernel = std::make_unique<KernelState>(context_.get(), key, shader, pipeline);
        const std::lock_guard lock(mutex_);
        const auto [it, is_new] = kernels_.try_emplace(key, std::move(kernel));
        if (!is_new) context_->destroy(context_->vk().DestroyPipeline, pipeline);
        return it->second.get();
    } catch (...) {
        context_->destroy(context_->vk().DestroyPipeline, pipeline);
        throw;
    }
}

Result<std::vector<uint8_t>> Kernels::pipeline_cache() const {
    const Context& c = *context_;
    ALV_RETURN_IF_ERROR(c.alive());
    std::vector<uint8_t> data;
    for (int attempt = 0; attempt < 8; ++attempt) {
        size_t size = 0;
        ALV_RETURN_IF_ERROR(c.check(c.vk().GetPipelineCacheData(c.device(), cache_, &size, nullptr),
                                    "vkGetPipelineCacheData"));
        data.resize(size);
        const VkResult result = c.vk().GetPipelineCacheData(c.device(), cache_, &size, data.data());
        ALV_RETURN_IF_ERROR(c.check(result, "vkGetPipelineCacheData"));
        data.resize(std::min(size, data.size()));
        if (result == VK_SUCCESS) break;  // else it grew in between
    }
    const std::vector<KernelCheck> known = checks_->all();
    const auto checks =
        known.empty() ? std::vector<uint8_t>()
                      : pack_checks(known, [this](std::string_view name) { return hash_of(name); });
    return wrap_pipeline_cache(c.caps(), {checks, data});
}

}  // namespace alv::gpu
