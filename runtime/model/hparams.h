// Hyper-parameters of a model, read from GGUF metadata and checked; and the architecture table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gguf/reader.h"

namespace alv::model {

enum class RopeKind : uint32_t { kInterleaved = 0, kHalves = 1 };  // GPT-J pairs, NeoX halves
enum class Activation : uint32_t { kSilu = 0, kGeluTanh = 1 };

// GGUF's pooling_type: how an encoder's tokens become one vector.
enum class Pooling : uint32_t { kMean = 1, kCls = 2 };

// One row an architecture: what its block does, beyond the numbers of HParams.
struct ArchRow {
    std::string_view name;  // general.architecture
    // Layer norms after each sum, biases, learned positions, attention to both sides, no gate and
    // no cache: encoder.h. The columns below are the decoders'.
    bool encoder = false;
    RopeKind rope = RopeKind::kInterleaved;
    Activation activation = Activation::kSilu;
    bool qk_norm = false;          // RMS norm of each head of q and k before rope
    bool post_norms = false;       // norms after attention and after the ffn, before the sum
    bool scale_embedding = false;  // by sqrt(dim)
    uint32_t sliding_pattern = 0;  // every n-th layer attends globally, the others in a window
    float local_rope_base = 0;     // rope base of windowed layers; 0: as the global ones
};

// nullptr if the architecture is unknown.
const ArchRow* find_arch(std::string_view name);
std::string known_archs();  // "llama, gemma3", for messages

struct HParams {
    const ArchRow* arch = nullptr;
    std::string name;  // general.name, may be ""
    uint32_t n_layers = 0;
    uint32_t dim = 0;  // embedding length
    uint32_t ffn_dim = 0;
    uint32_t n_heads = 0;
    uint32_t n_kv_heads = 0;
    uint32_t head_dim = 0;
    uint32_t rope_dim = 0;  // rotated dimensions of a head, <= head_dim
    uint32_t n_vocab = 0;
    uint32_t train_context = 0;   // tokens the model was trained on
    uint32_t sliding_window = 0;  // tokens, of windowed layers; 0: none
    float norm_epsilon = 1e-5f;
    float rope_base = 10000.0f;
    float rope_scale = 1.0f;    // positions are multiplied by this (linear scaling)
    float attention_scale = 0;  // of q . k
    // Encoders.
    uint32_t max_tokens = 0;  // of one text, special tokens too
    uint32_t n_token_types = 0;
    Pooling pooling = Pooling::kMean;

    bool is_windowed(uint32_t layer) const {
        return arch->sliding_pattern != 0 && sliding_window != 0 &&
               (layer + 1) % arch->sliding_pattern != 0;
    }
};

Result<HParams> read_hparams(const gguf::Reader& reader);

}  // namespace alv::model
