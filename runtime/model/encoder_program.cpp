#include "model/encoder_program.h"

#include "ops/attention_full.h"
#include "ops/bias.h"
#include "ops/embed.h"
#include "ops/layer_norm.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "shared.h"

namespace alv::model {

namespace {

// The block at hand: the rows of every buffer that it owns.
struct BlockViews {
    gpu::BufferView h, block, qkv, attn, ffn, tokens, places, step;
};

gpu::BufferView part(const gpu::BufferView& whole, uint64_t offset, uint64_t size_bytes) {
    return {whole.buffer, whole.offset + offset, size_bytes};
}

class EncoderRecorder {
  public:
    EncoderRecorder(const Model& model, const EncoderBuffers& buffers, const EncoderSizes& sizes,
                    gpu::Recorder& recorder)
        : device_(*model.device()),
          hp_(model.hparams()),
          weights_(model.weights()),
          buffers_(buffers),
          sizes_(sizes),
          recorder_(recorder) {}

    Status embed(uint32_t block);
    Status project(uint32_t layer, uint32_t block);
    Status attend(uint32_t layer, uint32_t block);
    Status feed_forward(uint32_t layer, uint32_t block);
    Status pool(uint32_t n_blocks);

  private:
    BlockViews views_of(uint32_t block) const;
    Status matmul(const ops::Weight& weight, const gpu::BufferView& x, const gpu::BufferView& y,
                  const gpu::BufferView& step);
    Status layer_norm(const BlockViews& v, const gpu::BufferView& bias, const gpu::BufferView& gain,
                      const gpu::BufferView& beta);

    gpu::Device& device_;
    const HParams& hp_;
    const WeightSet& weights_;
    const EncoderBuffers& buffers_;
    const EncoderSizes& sizes_;
    gpu::Recorder& recorder_;
};

BlockViews EncoderRecorder::views_of(uint32_t block) const {
    const uint64_t n = sizes_.block_tokens;
    const auto rows = [&](const gpu::BufferView& whole, uint64_t row_bytes) {
        return part(whole, block * n * row_bytes, n * row_bytes);
    };
    const uint64_t row = uint64_t{hp_.dim} * 4;
    BlockViews v;
    v.h = rows(buffers_.h, row);
    v.block = rows(buffers_.block, row);
    v.qkv = rows(buffers_.qkv, row * 3);
    v.attn = rows(buffers_.attn, row);
    v.ffn = rows(buffers_.ffn, uint64_t{hp_.ffn_dim} * 4);
    v.tokens = rows(buffers_.tokens, 4);
    v.places = rows(buffers_.places, sizeof(shared::TokenPlace));
    v.step = part(buffers_.steps, block * kEncoderStepBytes, sizeof(shared::Step));
    return v;
}

Status EncoderRecorder::matmul(const ops::Weight& weight, const gpu::BufferView& x,
                               const gpu::BufferView& y, const gpu::BufferView& step) {
    ops::MatmulArgs args;
    args.weight = &weight;
    args.x = x;
    args.y = y;
    args.step = step;
    return ops::record_matmul(device_, recorder_, args, device_.plan().matmul_columns,
                              sizes_.block_tokens);
}

// h = norm of h + block + bias.
Status EncoderRecorder::layer_norm(const BlockViews& v, const gpu::BufferView& bias,
                                   const gpu::BufferView& gain, const gpu::BufferView& beta) {
    ops::LayerNormArgs args{v.block,          v.h,  bias, gain, beta, v.places, v.step, hp_.dim,
                            hp_.norm_epsilon, false};
    return ops::record_layer_norm(device_, recorder_, args, sizes_.block_tokens);
}

// Word + position + type, normed. Every token is of the first type.
Status EncoderRecorder::embed(uint32_t block) {
    recorder_.label("embed");
    const BlockViews v = views_of(block);
    ops::EmbedArgs words;
    words.weight = &weights_.embedding;
    words.tokens = v.tokens;
    words.gain = weights_.final_gain;  // its product is not used
    words.h = v.h;
    words.gained = v.block;
    words.step = v.step;
    ALV_RETURN_IF_ERROR(ops::record_embed(device_, recorder_, words, sizes_.block_tokens));
    const gpu::BufferView type = part(weights_.token_types, 0, uint64_t{hp_.dim} * 4);
    const ops::LayerNormArgs args{weights_.positions,      v.h,      type,   weights_.final_gain,
                                  weights_.embedding_beta, v.places, v.step, hp_.dim,
                                  hp_.norm_epsilon,        true};
    return ops::record_layer_norm(device_, recorder_, args, sizes_.block_tokens);
}

Status EncoderRecorder::project(uint32_t layer, uint32_t block) {
    recorder_.label("qkv");
    const BlockViews v = views_of(block);
    const LayerWeights& w = weights_.layers[layer];
    ALV_RETURN_IF_ERROR(matmul(w.qkv, v.h, v.qkv, v.step));
    return ops::record_bias(device_, recorder_, {v.qkv, w.qkv_bias, v.step, hp_.dim * 3, false},
                            sizes_.block_tokens);
}

Status EncoderRecorder::attend(uint32_t layer, uint32_t block) {
    recorder_.label("attention");
    const BlockViews v = views_of(block);
    const LayerWeights& w = weights_.layers[layer];
    const ops::AttentionFullArgs args{buffers_.qkv, buffers_.places, buffers_.attn,      v.step,
                                      hp_.n_heads,  hp_.head_dim,    hp_.attention_scale};
    ALV_RETURN_IF_ERROR(ops::record_attention_full(device_, recorder_, args, sizes_.block_tokens));
    recorder_.label("attention out");
    ALV_RETURN_IF_ERROR(matmul(w.out, v.attn, v.block, v.step));
    return layer_norm(v, w.out_bias, w.attn_gain, w.attn_beta);
}

Status EncoderRecorder::feed_forward(uint32_t layer, uint32_t block) {
    recorder_.label("up");
    const BlockViews v = views_of(block);
    const LayerWeights& w = weights_.layers[layer];
    ALV_RETURN_IF_ERROR(matmul(w.gate_up, v.h, v.ffn, v.step));
    ALV_RETURN_IF_ERROR(ops::record_bias(
        device_, recorder_, {v.ffn, w.up_bias, v.step, hp_.ffn_dim, true}, sizes_.block_tokens));
    recorder_.label("down");
    ALV_RETURN_IF_ERROR(matmul(w.down, v.ffn, v.block, v.step));
    return layer_norm(v, w.down_bias, w.ffn_gain, w.ffn_beta);
}

Status EncoderRecorder::pool(uint32_t n_blocks) {
    recorder_.label("pool");
    const uint64_t at = uint64_t{sizes_.max_tokens / sizes_.block_tokens} * kEncoderStepBytes;
    const uint64_t rows = uint64_t{n_blocks} * sizes_.block_tokens;
    const ops::PoolArgs args{part(buffers_.h, 0, rows * hp_.dim * 4), buffers_.texts,
                             buffers_.vectors, part(buffers_.steps, at, sizeof(shared::Step)),
                             hp_.dim};
    return ops::record_pool(device_, recorder_, args, sizes_.max_texts);
}

}  // namespace

Result<std::unique_ptr<gpu::Program>> record_encoder(const Model& model,
                                                     const EncoderBuffers& buffers,
                                                     const EncoderSizes& sizes, uint32_t n_blocks) {
    const auto recorder = model.device()->record("encode");
    EncoderRecorder encoder(model, buffers, sizes, *recorder);
    for (uint32_t layer = 0; layer < model.hparams().n_layers; ++layer) {
        // Keys and values of all blocks first: every token looks at all of them.
        for (uint32_t block = 0; block < n_blocks; ++block) {
            if (layer == 0) ALV_RETURN_IF_ERROR(encoder.embed(block));
            ALV_RETURN_IF_ERROR(encoder.project(layer, block));
            recorder->split();
        }
        for (uint32_t block = 0; block < n_blocks; ++block) {
            ALV_RETURN_IF_ERROR(encoder.attend(layer, block));
            recorder->split();
            ALV_RETURN_IF_ERROR(encoder.feed_forward(layer, block));
            recorder->split();
        }
    }
    ALV_RETURN_IF_ERROR(encoder.pool(n_blocks));
    return recorder->finish();
}

std::vector<gpu::KernelKey> encoder_keys(const gpu::Plan& plan, const HParams& hp,
                                         const WeightPlan& weights) {
    std::vector<gpu::KernelKey> keys;
    for (const ops::WeightFormat format : formats_of(weights)) {
        keys.push_back(ops::matmul_key(plan, format, plan.matmul_columns));
    }
    for (const ChunkPlan& chunk : weights.embedding.chunks) {
        keys.push_back(ops::embed_key(plan, chunk.format));
    }
    keys.push_back(ops::layer_norm_key(plan));
    keys.push_back(ops::bias_key(plan));
    keys.push_back(ops::attention_full_key(plan, hp.head_dim));
    keys.push_back(ops::pool_key(plan));
    return keys;
}

}  // namespace alv::model
