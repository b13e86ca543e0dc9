// A model on a device: hyper-parameters, tokenizer, weights. Immutable once loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "gguf/reader.h"
#include "gpu/device.h"
#include "model/hparams.h"
#include "text/tokenizer.h"

namespace alv::model {

// Bytes that a model and its context take on the device, by what they are for.
struct MemoryPlan {
    uint64_t weights_bytes = 0;
    uint64_t kv_bytes = 0;       // for kv_tokens
    uint64_t scratch_bytes = 0;  // activations, logits, step buffers
    uint64_t staging_bytes = 0;
    uint64_t host_bytes = 0;     // tokenizer and tables, estimated
    uint64_t budget_bytes = 0;   // what the device has free now
    uint64_t max_kv_tokens = 0;  // the kv_tokens that would still fit
    bool fits = false;
};

enum class LoadStage : uint32_t { kTokenizer = 0, kPipelines = 1, kWeights = 2, kWarmUp = 3 };

struct LoadOptions {
    uint32_t kv_tokens = 0;  // kv cache of all sequences together; 0: the trained context, <= 4096
    // Called from the loading thread with work done so far, 0 <= done <= total; false cancels the
    // load with `cancelled`. May be empty.
    std::function<bool(LoadStage stage, uint64_t done, uint64_t total)> progress;
};

struct WeightSet;  // weights.h

class Model {
  public:
    // Errors: unsupported (names the architecture, tokenizer, or tensor type), corrupt file (names
    // the key or tensor), out of device memory (the plan is in the message), cancelled, I/O.
    static Result<std::shared_ptr<const Model>> load(
        std::shared_ptr<gpu::Device> device, const std::shared_ptr<const gguf::Reader>& reader,
        const LoadOptions& options);
    ~Model();

    const HParams& hparams() const { return hparams_; }
    const text::Tokenizer& tokenizer() const { return *tokenizer_; }
    const std::string& chat_template_source() const { return chat_template_; }  // "" if none
    const MemoryPlan& memory() const { return memory_; }
    const std::shared_ptr<gpu::Device>& device() const { return device_; }
    const WeightSet& weights() const { return *weights_; }
    uint32_t kv_tokens() const { return kv_tokens_; }

  private:
    Model();
    HParams hparams_;
    std::unique_ptr<const text::Tokenizer> tokenizer_;
    std::string chat_template_;
    MemoryPlan memory_;
    std::shared_ptr<gpu::Device> device_;
    std::unique_ptr<WeightSet> weights_;
    uint32_t kv_tokens_ = 0;
};

// What load() would take; reads only the header of the file. Does not allocate on the device.
Result<MemoryPlan> plan_memory(const gpu::Device& device, const gguf::Reader& reader,
                               const LoadOptions& options);

}  // namespace alv::model
