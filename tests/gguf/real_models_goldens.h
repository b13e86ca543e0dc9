// Made by tests/gguf/real_models.py with gguf-py 0.19; do not edit.
#pragma once

#include <cstdint>
#include <vector>

namespace alv::gguf {

struct TensorGolden {
    const char* name;
    const char* type;
    uint64_t cols, rows;
    uint64_t rows_fnv1a;  // of eight dequantized rows from the middle (fewer where there are fewer)
};

struct ModelGolden {
    const char* file;
    const char* architecture;
    uint64_t n_entries, n_tensors, n_tokens;
    uint64_t tokens_fnv1a;  // of each token's bytes and a NUL
    std::vector<TensorGolden> tensors;
};

// clang-format off
inline const std::vector<ModelGolden> kModelGoldens{
    {"SmolLM2-135M-Instruct.Q4_1.gguf", "llama", 33, 272, 49152, 0x3FF3B2EF50DFD8CAULL,
     {
         {"token_embd.weight", "Q8_0", 576, 49152, 0x8ACD2C1DAD1F3B3FULL},
         {"blk.0.attn_norm.weight", "F32", 576, 1, 0x2FD19CD884448866ULL},
         {"blk.0.ffn_down.weight", "Q4_1", 1536, 576, 0xEC6F0E7381694C22ULL},
     }},
    {"gemma-3-270m-q4_k_m.gguf", "gemma3", 33, 236, 262144, 0x57CC7785DC60ED96ULL,
     {
         {"output_norm.weight", "F32", 640, 1, 0x11C22E7ACF60D9D7ULL},
         {"token_embd.weight", "Q8_0", 640, 262144, 0x59F3B58BEF41B658ULL},
         {"blk.0.attn_k.weight", "Q5_0", 640, 256, 0x092E2A6C141E66DCULL},
         {"blk.0.attn_output.weight", "Q4_K", 1024, 640, 0xC0D2C89F5E917A08ULL},
         {"blk.0.ffn_down.weight", "Q6_K", 2048, 640, 0x866036B634212D04ULL},
     }},
};
// clang-format on

}  // namespace alv::gguf
