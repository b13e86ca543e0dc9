// A BERT of two layers as a folder in memory, for what can be wrong with one.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "convert/convert.h"

namespace alv::convert::test {

inline std::string safetensors_file(const std::string& header, const std::string& data) {
    const uint64_t size = header.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &size, 8);
    return out + header + data;
}

// F32 tensors of the given shapes; element i of the file's data is i / 1000.
class SafetensorsBuilder {
  public:
    void add(const std::string& name, const std::vector<uint64_t>& shape) {
        uint64_t n = 1;
        for (const uint64_t dim : shape) n *= dim;
        header_[name] = {{"dtype", "F32"},
                         {"shape", shape},
                         {"data_offsets", {data_.size(), data_.size() + n * 4}}};
        for (uint64_t i = 0; i < n; ++i) {
            const float value = static_cast<float>(data_.size() / 4) / 1000;
            const char* bytes = reinterpret_cast<const char*>(&value);
            data_.append(bytes, 4);
        }
    }
    void erase(const std::string& name) { header_.erase(name); }
    Json& entry(const std::string& name) { return header_[name]; }
    std::string& data() { return data_; }
    std::string build() const { return safetensors_file(header_.dump(), data_); }

  private:
    Json header_ = {{"__metadata__", {{"format", "pt"}}}};
    std::string data_;
};

struct SmallBert {
    std::map<std::string, std::string> files;
    SafetensorsBuilder weights;
    Json config = {{"model_type", "bert"},     {"num_hidden_layers", 2},
                   {"hidden_size", 64},        {"intermediate_size", 96},
                   {"num_attention_heads", 2}, {"max_position_embeddings", 16},
                   {"type_vocab_size", 2},     {"vocab_size", 8},
                   {"hidden_act", "gelu"},     {"layer_norm_eps", 1e-12}};

    SmallBert() {
        files["vocab.txt"] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##ing\n.\n";
        files["sentence_bert_config.json"] = R"({"max_seq_length": 12})";
        linear_norm("embeddings.LayerNorm", 64);
        weights.add("embeddings.word_embeddings.weight", {8, 64});
        weights.add("embeddings.position_embeddings.weight", {16, 64});
        weights.add("embeddings.token_type_embeddings.weight", {2, 64});
        for (const char* layer : {"encoder.layer.0.", "encoder.layer.1."}) {
            for (const char* name : {"attention.self.query", "attention.self.key",
                                     "attention.self.value", "attention.output.dense"}) {
                linear(std::string(layer) + name, 64, 64);
            }
            linear(std::string(layer) + "intermediate.dense", 96, 64);
            linear(std::string(layer) + "output.dense", 64, 96);
            linear_norm(std::string(layer) + "attention.output.LayerNorm", 64);
            linear_norm(std::string(layer) + "output.LayerNorm", 64);
        }
    }
    void linear(const std::string& name, uint64_t rows, uint64_t columns) {
        weights.add(name + ".weight", {rows, columns});
        weights.add(name + ".bias", {rows});
    }
    void linear_norm(const std::string& name, uint64_t n) {
        weights.add(name + ".weight", {n});
        weights.add(name + ".bias", {n});
    }

    ModelFolder folder() const {
        auto all = std::make_shared<std::map<std::string, std::string>>(files);
        all->emplace("config.json", config.dump());
        all->emplace("model.safetensors", weights.build());
        ModelFolder out;
        out.open = [all](const std::string& name) -> Result<std::shared_ptr<const File>> {
            const auto found = all->find(name);
            if (found == all->end()) return not_found(name + " is not there");
            const auto* bytes = reinterpret_cast<const uint8_t*>(found->second.data());
            return open_memory_file({bytes, found->second.size()}, all);
        };
        return out;
    }
    Status convert_to(std::vector<uint8_t>& out, Precision precision = Precision::kF16) const {
        return convert(folder(), precision, [&](std::span<const uint8_t> bytes) {
            out.insert(out.end(), bytes.begin(), bytes.end());
            return ok_status();
        });
    }
};

}  // namespace alv::convert::test
