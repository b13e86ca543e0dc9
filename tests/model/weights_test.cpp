// The weight plan: fused matrices, chunks within the range, missing and misshapen tensors by name.
#include "model/weights.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "model/tiny_model.h"

namespace alv::model::test {

namespace {

struct Planned {
    std::shared_ptr<const gguf::Reader> reader;
    Result<WeightPlan> plan = internal_error("not made");
};

Planned plan(const TinyOptions& options, uint64_t max_chunk_bytes = 1u << 27) {
    Planned planned;
    auto reader = open_gguf(tiny_model(options));
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    planned.reader = *reader;
    const auto hp = read_hparams(**reader);
    EXPECT_TRUE(hp.ok()) << hp.status().message();
    planned.plan = plan_weights(**reader, *hp, max_chunk_bytes);
    return planned;
}

}  // namespace

TEST(Weights, QkvIsOneChunkAndGateUpIsGated) {
    const Planned p = plan({});
    ASSERT_TRUE(p.plan.ok()) << p.plan.status().message();
    const LayerPlan& layer = p.plan->layers[1];
    EXPECT_EQ(layer.qkv.chunks.size(), 1u);
    EXPECT_EQ(layer.qkv.n_rows, (4u + 2 * 2) * 32);
    EXPECT_TRUE(layer.gate_up.gated);
    EXPECT_EQ(layer.gate_up.n_rows, 96u);
    EXPECT_EQ(layer.gate_up.chunks[0].n_tiles, 6u);
    EXPECT_TRUE(p.plan->head.parts.empty()) << "tied";
}

TEST(Weights, GateAndUpOfTwoTypesAreSeparate) {
    TinyOptions options;
    options.up_type = DType::kF16;
    const Planned p = plan(options);
    ASSERT_TRUE(p.plan.ok());
    const MatrixPlan& gate_up = p.plan->layers[0].gate_up;
    EXPECT_FALSE(gate_up.gated);
    EXPECT_EQ(gate_up.n_rows, 192u);
    ASSERT_EQ(gate_up.chunks.size(), 2u);
    EXPECT_EQ(gate_up.chunks[1].first_row, 96u);
}

TEST(Weights, ChunksStayWithinTheRange) {
    const Planned p = plan({}, 16 * 1024);
    ASSERT_TRUE(p.plan.ok());
    const MatrixPlan& embedding = p.plan->embedding;
    EXPECT_GT(embedding.chunks.size(), 1u);
    uint32_t next = 0;
    for (const ChunkPlan& chunk : embedding.chunks) {
        EXPECT_LE(chunk.layout.size_bytes, 16u * 1024);
        EXPECT_EQ(chunk.first_row, next);
        EXPECT_EQ(chunk.first_row % 32, 0u);
        next += chunk.n_rows;
    }
    EXPECT_EQ(next, 300u);
}

TEST(Weights, MissingTensorsAreNamed) {
    for (const char* name :
         {"token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight", "blk.1.attn_k.weight",
          "blk.0.attn_v.weight", "blk.0.attn_output.weight", "blk.1.ffn_gate.weight",
          "blk.0.ffn_up.weight", "blk.0.ffn_down.weight", "blk.0.attn_norm.weight",
          "blk.1.ffn_norm.weight", "blk.0.post_attention_norm.weight", "blk.0.post_ffw_norm.weight",
          "blk.1.attn_q_norm.weight", "blk.1.attn_k_norm.weight"}) {
        TinyOptions options;
        options.arch = "gemma3";
        options.skip_tensor = name;
        auto reader = open_gguf(tiny_model(options));
        ASSERT_TRUE(reader.ok());
        const auto hp = read_hparams(**reader);
        const Status status =
            hp.ok() ? plan_weights(**reader, *hp, 1u << 27).status() : hp.status();
        EXPECT_EQ(status.code(), Code::kCorruptFile) << name;
        EXPECT_NE(status.message().find(name), std::string::npos) << status.message();
    }
}

TEST(Weights, MisshapenTensorsAreNamed) {
    TinyOptions options;
    options.skip_tensor = "blk.0.ffn_down.weight";
    options.extra = [](gguf::Writer& writer) {
        writer.add_tensor("blk.0.ffn_down.weight", DType::kF32, {96, 32},
                          std::vector<uint8_t>(96 * 32 * 4));
    };
    const Planned p = plan(options);
    EXPECT_EQ(p.plan.status().code(), Code::kCorruptFile);
    EXPECT_NE(p.plan.status().message().find("blk.0.ffn_down.weight"), std::string::npos);
    EXPECT_NE(p.plan.status().message().find("(96, 64)"), std::string::npos);
}

TEST(Weights, TypesWithoutAKernelAreNamed) {
    TinyOptions options;
    options.dim = 256;
    options.up_type = DType::kQ2_K;
    const Planned p = plan(options);
    EXPECT_EQ(p.plan.status().code(), Code::kUnsupported);
    EXPECT_NE(p.plan.status().message().find("Q2_K"), std::string::npos);
}

}  // namespace alv::model::test
