// Small random models of each architecture, as GGUF bytes: for hostile variants and for fast tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "gguf/reader.h"
#include "gguf/writer.h"

namespace alv::model::test {

struct TinyOptions {
    std::string arch = "llama";
    uint32_t n_layers = 2;
    uint32_t dim = 64;
    uint32_t ffn_dim = 96;
    uint32_t n_heads = 4;
    uint32_t n_kv_heads = 2;
    uint32_t head_dim = 32;
    uint32_t n_vocab = 300;
    uint32_t context = 256;
    DType type = DType::kQ8_0;     // of the matrices
    DType up_type = DType::kQ8_0;  // of ffn_up: another type than `type` makes gate and up separate
    bool own_head = false;         // output.weight beside token_embd.weight
    std::string skip_key;          // leaves this key out
    std::string skip_tensor;
    // Called at the end, to add or contradict.
    std::function<void(gguf::Writer&)> extra;
};

std::vector<uint8_t> tiny_model(const TinyOptions& options);

// The reader owns the bytes.
Result<std::shared_ptr<const gguf::Reader>> open_gguf(std::vector<uint8_t> bytes);

}  // namespace alv::model::test
