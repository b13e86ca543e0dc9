// A model as the engine uses it, and the backend that makes one. Tests put another backend here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/status.h"
#include "gguf/reader.h"
#include "gpu/device.h"
#include "local/tool_syntax.h"
#include "model/decoder.h"
#include "model/encoder.h"
#include "model/model.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace alv::local {

// What is told about a model; see alv_model_info.
struct Facts {
    std::string architecture;
    std::string name;
    uint64_t parameters = 0;
    uint64_t file_bytes = 0;
    uint32_t n_layers = 0;
    uint32_t dim = 0;
    uint32_t n_heads = 0;
    uint32_t n_kv_heads = 0;
    uint32_t train_context = 0;
    uint32_t kv_tokens = 0;      // 0: tokenizer only, or an encoder
    uint32_t embedding_dim = 0;  // of an encoder; 0: not one
    uint32_t max_tokens = 0;     // of a text of an encoder
    bool has_chat_template = false;
};

// The half of a model that needs no device. Immutable, thread-safe.
struct TextSide {
    std::shared_ptr<const text::Tokenizer> tokenizer;
    std::shared_ptr<const text::ChatTemplate> chat_template;  // never null
    const ToolSyntax* tool_syntax = &pick_tool_syntax("");
    bool template_takes_tools = false;
    Facts facts;
};

struct Loaded {
    std::shared_ptr<const TextSide> text;
    // One of them, or none: tokenizer only.
    std::unique_ptr<model::Decoder> decoder;
    std::unique_ptr<model::Encoder> encoder;
};

struct LoadSource {
    std::shared_ptr<const gguf::Reader> reader;
    bool tokenizer_only = false;
    uint32_t kv_tokens = 0;
};

using LoadProgress = std::function<bool(model::LoadStage stage, uint64_t done, uint64_t total)>;

// Thread-compatible.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual Result<std::shared_ptr<gpu::Device>> create_device(const gpu::DeviceOptions& options,
                                                               std::shared_ptr<const Log> log) = 0;
    // Fails only where the tests could not be run; what they found, the device knows.
    virtual Status test_kernels(gpu::Device& device) = 0;
    // `device` is null for a tokenizer.
    virtual Result<Loaded> load(const LoadSource& source, std::shared_ptr<gpu::Device> device,
                                const LoadProgress& progress) = 0;
};

// The one that runs models on Vulkan.
std::shared_ptr<Backend> make_backend();

}  // namespace alv::local
