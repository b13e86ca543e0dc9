#include "model/hparams.h"

#include <algorithm>
#include <cmath>

namespace alv::model {

namespace {

// Reads numbers under "<arch>." and remembers the first error, so that reading stays a list.
class KeyReader {
  public:
    KeyReader(const gguf::Reader& reader, std::string prefix)
        : reader_(reader), prefix_(std::move(prefix)) {}

    uint32_t uint(const char* key, uint64_t low, uint64_t high) {
        return checked(key, reader_.get_uint(prefix_ + key), low, high);
    }
    uint32_t uint_or(const char* key, uint64_t low, uint64_t high, uint64_t fallback) {
        return checked(key, reader_.get_uint_or(prefix_ + key, fallback), low, high);
    }
    float positive_or(const char* key, double fallback) {
        auto value = reader_.get_float_or(prefix_ + key, fallback);
        if (!value.ok()) {
            keep(value.status());
            return 1;
        }
        if (!std::isfinite(*value) || *value <= 0) {
            keep(corrupt_file(prefix_ + key + " is not a positive number"));
            return 1;
        }
        return static_cast<float>(*value);
    }
    void keep(Status status) {
        if (status_.ok()) status_ = std::move(status);
    }
    const Status& status() const { return status_; }
    const std::string& prefix() const { return prefix_; }

  private:
    uint32_t checked(const char* key, const Result<uint64_t>& value, uint64_t low, uint64_t high) {
        if (!value.ok()) {
            const bool missing = value.status().code() == Code::kNotFound;
            keep(missing ? corrupt_file("key " + prefix_ + key + " is missing") : value.status());
            return static_cast<uint32_t>(low);
        }
        if (*value < low || *value > high) {
            keep(corrupt_file(prefix_ + key + " = " + std::to_string(*value) + " is not within " +
                              std::to_string(low) + " .. " + std::to_string(high)));
            return static_cast<uint32_t>(low);
        }
        return static_cast<uint32_t>(*value);
    }

    const gguf::Reader& reader_;
    std::string prefix_;
    Status status_;
};

Status check_shapes(const HParams& hp, const std::string& prefix) {
    if (hp.n_heads % hp.n_kv_heads != 0) {
        return corrupt_file(prefix + "attention.head_count is no multiple of head_count_kv");
    }
    const auto refuse = [&](const char* what, uint32_t value, const char* rule) {
        return unsupported(prefix + what + " = " + std::to_string(value) + ": must be " + rule);
    };
    if (hp.dim % 32 != 0) return refuse("embedding_length", hp.dim, "a multiple of 32");
    if (hp.ffn_dim % 32 != 0) return refuse("feed_forward_length", hp.ffn_dim, "a multiple of 32");
    if (hp.head_dim % 32 != 0 || hp.head_dim > 256) {
        return refuse("attention.key_length", hp.head_dim, "a multiple of 32, at most 256");
    }
    if (hp.arch->encoder) {
        if (hp.head_dim <= 128 && hp.n_heads * hp.head_dim == hp.dim) return ok_status();
        return refuse("attention.head_count", hp.n_heads,
                      "embedding_length by a head size of at most 128");
    }
    if (hp.rope_dim % 4 != 0 || hp.rope_dim > hp.head_dim) {
        return refuse("rope.dimension_count", hp.rope_dim,
                      "a multiple of 4, at most the head size");
    }
    return ok_status();
}

Status read_rope_scaling(const gguf::Reader& reader, KeyReader& keys, HParams& hp) {
    ALV_ASSIGN_OR_RETURN(const std::string type,
                         reader.get_string_or(keys.prefix() + "rope.scaling.type", "none"));
    if (type == "linear") {
        hp.rope_scale = 1.0f / keys.positive_or("rope.scaling.factor", 1.0);
    } else if (type != "none" && !type.empty()) {
        return unsupported(keys.prefix() + "rope.scaling.type = " + type +
                           ": only linear scaling is there");
    }
    return ok_status();
}

Status read_decoder(const gguf::Reader& reader, KeyReader& keys, HParams& hp) {
    hp.norm_epsilon = keys.positive_or("attention.layer_norm_rms_epsilon", 1e-5);
    hp.rope_base = keys.positive_or("rope.freq_base", 10000.0);
    if (hp.arch->sliding_pattern != 0) {
        hp.sliding_window = keys.uint_or("attention.sliding_window", 0, 1u << 26, 0);
    }
    return read_rope_scaling(reader, keys, hp);
}

// What only encoders have; there is no rope and no cache to read.
Status read_encoder(const gguf::Reader& reader, KeyReader& keys, HParams& hp) {
    hp.norm_epsilon = keys.positive_or("attention.layer_norm_epsilon", 1e-12);
    hp.max_tokens = keys.uint_or("max_sequence_length", 3, 1u << 26, hp.train_context);
    hp.max_tokens = std::min(hp.max_tokens, hp.train_context);
    const uint32_t pooling = keys.uint_or("pooling_type", 0, 1u << 16, 1);
    hp.pooling = static_cast<Pooling>(pooling);
    if (hp.pooling != Pooling::kMean && hp.pooling != Pooling::kCls) {
        return unsupported(keys.prefix() + "pooling_type = " + std::to_string(pooling) +
                           ": mean (1) and CLS (2) are there");
    }
    ALV_ASSIGN_OR_RETURN(const bool causal,
                         reader.get_bool_or(keys.prefix() + "attention.causal", false));
    if (causal) return unsupported(keys.prefix() + "attention.causal: an encoder looks both ways");
    const gguf::TensorInfo* types = reader.find_tensor("token_types.weight");
    if (types == nullptr) return corrupt_file("tensor token_types.weight is missing");
    if (types->dims[1] == 0 || types->dims[1] > (1u << 16)) {
        return corrupt_file("tensor token_types.weight: rows out of range");
    }
    hp.n_token_types = static_cast<uint32_t>(types->dims[1]);
    // Positions past the table's end do not exist.
    return hp.train_context <= 1u << 16
               ? ok_status()
               : unsupported(keys.prefix() + "context_length of an encoder is at most 65536");
}

}  // namespace

Result<HParams> read_hparams(const gguf::Reader& reader) {
    auto arch_name = reader.get_string("general.architecture");
    if (!arch_name.ok()) {
        return arch_name.status().code() == Code::kNotFound
                   ? corrupt_file("key general.architecture is missing")
                   : arch_name.status();
    }
    HParams hp;
    hp.arch = find_arch(*arch_name);
    if (hp.arch == nullptr) {
        return unsupported("architecture \"" + *arch_name +
                           "\" is unknown; this version runs: " + known_archs());
    }
    ALV_ASSIGN_OR_RETURN(hp.name, reader.get_string_or("general.name", ""));
    KeyReader keys(reader, *arch_name + ".");
    hp.n_layers = keys.uint("block_count", 1, 512);
    hp.dim = keys.uint("embedding_length", 1, 1u << 20);
    hp.ffn_dim = keys.uint("feed_forward_length", 1, 1u << 22);
    hp.n_heads = keys.uint("attention.head_count", 1, 4096);
    hp.n_kv_heads = keys.uint_or("attention.head_count_kv", 1, 4096, hp.n_heads);
    hp.head_dim = keys.uint_or("attention.key_length", 1, 1u << 16, hp.dim / hp.n_heads);
    const uint32_t value_dim = keys.uint_or("attention.value_length", 1, 1u << 16, hp.head_dim);
    hp.rope_dim = keys.uint_or("rope.dimension_count", 0, 1u << 16, hp.head_dim);
    hp.train_context = keys.uint("context_length", 1, 1u << 26);
    if (hp.arch->encoder) {
        ALV_RETURN_IF_ERROR(read_encoder(reader, keys, hp));
    } else {
        ALV_RETURN_IF_ERROR(read_decoder(reader, keys, hp));
    }
    ALV_RETURN_IF_ERROR(keys.status());
    ALV_RETURN_IF_ERROR(check_shapes(hp, *arch_name + "."));
    if (value_dim != hp.head_dim) {
        return unsupported(*arch_name + ".attention.value_length differs from key_length");
    }

    const gguf::TensorInfo* embedding = reader.find_tensor("token_embd.weight");
    if (embedding == nullptr) return corrupt_file("tensor token_embd.weight is missing");
    if (embedding->dims[1] == 0 || embedding->dims[1] > (1u << 24)) {
        return corrupt_file("tensor token_embd.weight: rows out of range");
    }
    hp.n_vocab = static_cast<uint32_t>(embedding->dims[1]);
    hp.attention_scale = 1.0f / std::sqrt(static_cast<float>(hp.head_dim));
    return hp;
}

}  // namespace alv::model
