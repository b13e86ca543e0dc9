#include "convert/bert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/dtype.h"
#include "base/utf8.h"

namespace alv::convert {

namespace {

constexpr uint32_t kPoolMean = 1;  // GGUF's pooling_type
constexpr uint32_t kPoolCls = 2;

struct BertConfig {
    uint32_t n_layers = 0;
    uint32_t dim = 0;
    uint32_t ffn_dim = 0;
    uint32_t n_heads = 0;
    uint32_t context = 0;
    uint32_t n_types = 0;
    uint32_t n_vocab = 0;
    uint32_t max_tokens = 0;
    uint32_t pooling = kPoolMean;
    float epsilon = 0;
    bool lowercase = true;
    std::string name;
};

Status read_count(const Json& config, const char* key, uint32_t most, uint32_t& out) {
    const auto found = config.find(key);
    if (found == config.end())
        return corrupt_file("config.json: " + std::string(key) + " is missing");
    if (!found->is_number_unsigned() || found->get<uint64_t>() == 0 ||
        found->get<uint64_t>() > most) {
        return corrupt_file("config.json: " + std::string(key) + " is not within 1 .. " +
                            std::to_string(most));
    }
    out = found->get<uint32_t>();
    return ok_status();
}

// The key may be missing; where it is there it must say `wanted`.
Status require_text(const Json& config, const char* key, const char* wanted) {
    const auto found = config.find(key);
    if (found == config.end() || (found->is_string() && *found == wanted)) return ok_status();
    return unsupported("config.json: only " + std::string(key) + " \"" + wanted +
                       "\" can be converted, not " +
                       found->dump(-1, ' ', true, Json::error_handler_t::replace));
}

bool flag_or(const Json& config, const char* key, bool fallback) {
    const auto found = config.find(key);
    return found != config.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

Status read_sizes(const Json& config, BertConfig& out) {
    ALV_RETURN_IF_ERROR(read_count(config, "num_hidden_layers", 512, out.n_layers));
    ALV_RETURN_IF_ERROR(read_count(config, "hidden_size", 1u << 16, out.dim));
    ALV_RETURN_IF_ERROR(read_count(config, "intermediate_size", 1u << 18, out.ffn_dim));
    ALV_RETURN_IF_ERROR(read_count(config, "num_attention_heads", 4096, out.n_heads));
    ALV_RETURN_IF_ERROR(read_count(config, "max_position_embeddings", 1u << 20, out.context));
    ALV_RETURN_IF_ERROR(read_count(config, "type_vocab_size", 1u << 10, out.n_types));
    ALV_RETURN_IF_ERROR(read_count(config, "vocab_size", 1u << 24, out.n_vocab));
    ALV_RETURN_IF_ERROR(require_text(config, "hidden_act", "gelu"));
    ALV_RETURN_IF_ERROR(require_text(config, "position_embedding_type", "absolute"));
    const auto epsilon = config.find("layer_norm_eps");
    out.epsilon = 1e-12f;
    if (epsilon != config.end()) {
        if (!epsilon->is_number()) return corrupt_file("config.json: layer_norm_eps is no number");
        out.epsilon = epsilon->get<float>();
    }
    if (!std::isfinite(out.epsilon) || out.epsilon <= 0) {
        return corrupt_file("config.json: layer_norm_eps is not positive");
    }
    return ok_status();
}

// What sentence-transformers adds to the model: pooling and the longest text.
Status read_sentence_files(const ModelFolder& folder, BertConfig& out) {
    ALV_ASSIGN_OR_RETURN(const Json pooling, folder.json_or_empty("1_Pooling/config.json"));
    if (flag_or(pooling, "pooling_mode_cls_token", false)) out.pooling = kPoolCls;
    for (const char* other : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                              "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
        if (flag_or(pooling, other, false)) {
            return unsupported("1_Pooling/config.json: " + std::string(other) +
                               " is not there; mean and CLS pooling are");
        }
    }
    ALV_ASSIGN_OR_RETURN(const Json sentence, folder.json_or_empty("sentence_bert_config.json"));
    out.max_tokens = out.context;
    const auto longest = sentence.find("max_seq_length");
    if (longest != sentence.end() && longest->is_number_unsigned() &&
        longest->get<uint64_t>() >= 2) {
        out.max_tokens =
            static_cast<uint32_t>(std::min<uint64_t>(longest->get<uint64_t>(), out.context));
    }
    return ok_status();
}

// Vocabulary --------------------------------------------------------------------------------------

Result<std::vector<std::string>> read_vocabulary(const ModelFolder& folder, uint32_t n_vocab) {
    ALV_ASSIGN_OR_RETURN(const std::string text, folder.text("vocab.txt"));
    if (!utf8::is_valid(text)) return corrupt_file("vocab.txt: is not UTF-8");
    std::vector<std::string> tokens;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        if (!line.empty() && line.back() == '\r') line.pop_back();
        tokens.push_back(std::move(line));
        at = end + 1;
    }
    if (tokens.empty() || tokens.size() > n_vocab) {
        return corrupt_file("vocab.txt: has " + std::to_string(tokens.size()) +
                            " lines, config.json says vocab_size " + std::to_string(n_vocab));
    }
    return tokens;
}

// A special token's text: a string, or an object with "content".
std::string special_text(const Json& config, const char* key, const char* fallback) {
    const auto found = config.find(key);
    if (found == config.end()) return fallback;
    if (found->is_string()) return found->get<std::string>();
    const auto content = found->is_object() ? found->find("content") : found->end();
    if (found->is_object() && content != found->end() && content->is_string()) {
        return content->get<std::string>();
    }
    return fallback;
}

struct Special {
    const char* config_key;
    const char* text;
    std::vector<const char*> gguf_keys;
    int32_t type;  // GGUF's: 2 unknown, 3 control
};

Status add_vocabulary(const ModelFolder& folder, const Json& tokenizer, const BertConfig& config,
                      gguf::Writer& writer) {
    ALV_ASSIGN_OR_RETURN(std::vector<std::string> tokens, read_vocabulary(folder, config.n_vocab));
    const std::vector<Special> specials = {
        {"cls_token", "[CLS]", {"bos_token_id", "cls_token_id"}, 3},
        {"sep_token", "[SEP]", {"eos_token_id", "seperator_token_id"}, 3},
        {"unk_token", "[UNK]", {"unknown_token_id"}, 2},
        {"pad_token", "[PAD]", {"padding_token_id"}, 3},
        {"mask_token", "[MASK]", {"mask_token_id"}, 3},
    };
    std::vector<int32_t> types(tokens.size(), 1);
    for (const Special& special : specials) {
        const std::string text = special_text(tokenizer, special.config_key, special.text);
        const auto found = std::find(tokens.begin(), tokens.end(), text);
        if (found == tokens.end()) {
            return corrupt_file("vocab.txt: the " + std::string(special.config_key) +
                                " is not in it");
        }
        const auto id = static_cast<uint32_t>(found - tokens.begin());
        types[id] = special.type;
        for (const char* key : special.gguf_keys) {
            writer.add_uint32("tokenizer.ggml." + std::string(key), id);
        }
    }
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (types[i] != 1) continue;
        tokens[i] = tokens[i].starts_with("##") ? tokens[i].substr(2) : "\xE2\x96\x81" + tokens[i];
    }
    writer.add_string("tokenizer.ggml.model", "bert");
    writer.add_strings("tokenizer.ggml.tokens", tokens);
    writer.add_int32s("tokenizer.ggml.token_type", types);
    writer.add_uint32("tokenizer.ggml.token_type_count", config.n_types);
    writer.add_bool("tokenizer.ggml.add_bos_token", true);
    writer.add_bool("tokenizer.ggml.add_eos_token", true);
    writer.add_bool("tokenizer.ggml.do_lower_case", config.lowercase);
    return ok_status();
}

void add_keys(const BertConfig& config, Precision precision, gguf::Writer& writer) {
    writer.add_string("general.architecture", "bert");
    writer.add_string("general.name", config.name);
    writer.add_uint32("general.file_type", precision == Precision::kF16 ? 1 : 0);
    writer.add_uint32("bert.block_count", config.n_layers);
    writer.add_uint32("bert.context_length", config.context);
    writer.add_uint32("bert.embedding_length", config.dim);
    writer.add_uint32("bert.feed_forward_length", config.ffn_dim);
    writer.add_uint32("bert.attention.head_count", config.n_heads);
    writer.add_float32("bert.attention.layer_norm_epsilon", config.epsilon);
    writer.add_bool("bert.attention.causal", false);
    writer.add_uint32("bert.pooling_type", config.pooling);
    // Ours: the longest text that the model was tuned on.
    writer.add_uint32("bert.max_sequence_length", config.max_tokens);
}

// Tensors -----------------------------------------------------------------------------------------

class TensorCopier {
  public:
    TensorCopier(std::shared_ptr<const Safetensors> weights, Precision precision,
                 gguf::Writer& writer)
        : weights_(std::move(weights)), precision_(precision), writer_(writer) {
        // Models saved with a head have the encoder under a name of its own.
        if (weights_->find("bert.embeddings.word_embeddings.weight") != nullptr) prefix_ = "bert.";
    }

    // Shapes as safetensors has them: (rows, columns).
    Status matrix(const std::string& from, const std::string& to, uint64_t rows, uint64_t columns) {
        const bool half = precision_ == Precision::kF16;
        return add(from, to, {rows, columns}, half ? DType::kF16 : DType::kF32);
    }
    Status table(const std::string& from, const std::string& to, uint64_t rows, uint64_t columns) {
        return add(from, to, {rows, columns}, DType::kF32);
    }
    Status vector(const std::string& from, const std::string& to, uint64_t n) {
        return add(from, to, {n}, DType::kF32);
    }
    // A matrix and its bias.
    Status linear(const std::string& from, const std::string& to, uint64_t rows, uint64_t columns) {
        ALV_RETURN_IF_ERROR(matrix(from + ".weight", to + ".weight", rows, columns));
        return vector(from + ".bias", to + ".bias", rows);
    }
    Status norm(const std::string& from, const std::string& to, uint64_t n) {
        ALV_RETURN_IF_ERROR(vector(from + ".weight", to + ".weight", n));
        return vector(from + ".bias", to + ".bias", n);
    }

  private:
    Status add(const std::string& from, const std::string& to, std::vector<uint64_t> shape,
               DType type);

    std::shared_ptr<const Safetensors> weights_;
    Precision precision_;
    gguf::Writer& writer_;
    std::string prefix_;
};

Status write_floats(const std::vector<float>& values, DType type, const std::string& name,
                    const gguf::Sink& sink) {
    for (const float value : values) {
        if (!std::isfinite(value)) {
            return corrupt_file("safetensors: tensor \"" + name +
                                "\" holds a value that is not finite");
        }
    }
    if (type == DType::kF32) {
        return sink({reinterpret_cast<const uint8_t*>(values.data()), values.size() * 4});
    }
    std::vector<uint16_t> halves(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
        constexpr float kLargestHalf = 65504.0f;
        if (std::abs(values[i]) > kLargestHalf) {
            return limit_exceeded("tensor \"" + name +
                                  "\" holds a value that F16 cannot: convert to F32");
        }
        halves[i] = float_to_half(values[i]);
    }
    return sink({reinterpret_cast<const uint8_t*>(halves.data()), halves.size() * 2});
}

Status TensorCopier::add(const std::string& from, const std::string& to,
                         std::vector<uint64_t> shape, DType type) {
    const std::string name = prefix_ + from;
    const SafeTensor* tensor = weights_->find(name);
    if (tensor == nullptr) return corrupt_file("safetensors: tensor \"" + name + "\" is missing");
    if (tensor->shape != shape) {
        return corrupt_file("safetensors: tensor \"" + name +
                            "\": its shape is not what config.json says");
    }
    std::vector<uint64_t> dims(shape.rbegin(), shape.rend());
    writer_.add_tensor(
        to, type, std::move(dims),
        [weights = weights_, tensor, type, name](const gguf::Sink& sink) {
            constexpr uint64_t kAtOnce = 1u << 18;  // elements
            std::vector<float> values;
            for (uint64_t at = 0; at < tensor->n_elements; at += kAtOnce) {
                const uint64_t n = std::min(kAtOnce, tensor->n_elements - at);
                ALV_RETURN_IF_ERROR(weights->read(*tensor, at, n, values).annotate(name));
                ALV_RETURN_IF_ERROR(write_floats(values, type, name, sink));
            }
            return ok_status();
        });
    return ok_status();
}

Status add_layer(TensorCopier& copy, const BertConfig& config, uint32_t layer) {
    const std::string from = "encoder.layer." + std::to_string(layer) + ".";
    const std::string to = "blk." + std::to_string(layer) + ".";
    const uint32_t dim = config.dim;
    const std::string attention = from + "attention.";
    ALV_RETURN_IF_ERROR(copy.linear(attention + "self.query", to + "attn_q", dim, dim));
    ALV_RETURN_IF_ERROR(copy.linear(attention + "self.key", to + "attn_k", dim, dim));
    ALV_RETURN_IF_ERROR(copy.linear(attention + "self.value", to + "attn_v", dim, dim));
    ALV_RETURN_IF_ERROR(copy.linear(attention + "output.dense", to + "attn_output", dim, dim));
    ALV_RETURN_IF_ERROR(copy.norm(attention + "output.LayerNorm", to + "attn_output_norm", dim));
    ALV_RETURN_IF_ERROR(
        copy.linear(from + "intermediate.dense", to + "ffn_up", config.ffn_dim, dim));
    ALV_RETURN_IF_ERROR(copy.linear(from + "output.dense", to + "ffn_down", dim, config.ffn_dim));
    return copy.norm(from + "output.LayerNorm", to + "layer_output_norm", dim);
}

Status add_tensors(TensorCopier& copy, const BertConfig& config) {
    const std::string from = "embeddings.";
    ALV_RETURN_IF_ERROR(copy.matrix(from + "word_embeddings.weight", "token_embd.weight",
                                    config.n_vocab, config.dim));
    ALV_RETURN_IF_ERROR(copy.table(from + "position_embeddings.weight", "position_embd.weight",
                                   config.context, config.dim));
    ALV_RETURN_IF_ERROR(copy.table(from + "token_type_embeddings.weight", "token_types.weight",
                                   config.n_types, config.dim));
    ALV_RETURN_IF_ERROR(copy.norm(from + "LayerNorm", "token_embd_norm", config.dim));
    for (uint32_t i = 0; i < config.n_layers; ++i) {
        ALV_RETURN_IF_ERROR(add_layer(copy, config, i));
    }
    return ok_status();
}

}  // namespace

Status convert_bert(const ModelFolder& folder, const Json& json,
                    const std::shared_ptr<const Safetensors>& weights, Precision precision,
                    gguf::Writer& writer) {
    BertConfig config;
    ALV_RETURN_IF_ERROR(read_sizes(json, config));
    ALV_RETURN_IF_ERROR(read_sentence_files(folder, config));
    ALV_ASSIGN_OR_RETURN(const Json tokenizer, folder.json_or_empty("tokenizer_config.json"));
    config.lowercase = flag_or(tokenizer, "do_lower_case", true);
    config.name = special_text(json, "_name_or_path", "bert");
    add_keys(config, precision, writer);
    ALV_RETURN_IF_ERROR(add_vocabulary(folder, tokenizer, config, writer));
    TensorCopier copy(weights, precision, writer);
    return add_tensors(copy, config);
}

}  // namespace alv::convert
