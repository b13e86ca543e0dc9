#include "model/forward.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "ops/attention.h"
#include "ops/attention_step.h"
#include "ops/embed.h"
#include "ops/glu.h"
#include "ops/logprobs.h"
#include "ops/matmul.h"
#include "ops/norm_add.h"
#include "ops/rope.h"
#include "ops/sample.h"

namespace alv::model {

namespace {

class ForwardRecorder {
  public:
    ForwardRecorder(const ForwardContext& context, gpu::Recorder& recorder,
                    const ops::StepRows& rows)
        : device_(*context.model->device()),
          hp_(context.model->hparams()),
          weights_(context.model->weights()),
          kv_(*context.kv),
          buffers_(*context.buffers),
          recorder_(recorder),
          rows_(rows),
          n_tokens_(rows.all_tokens()),
          columns_(n_tokens_ == 1 ? 1 : device_.plan().matmul_columns) {}

    Status embed();
    Status attention_block(uint32_t layer);
    Status ffn_block(uint32_t layer);
    // Logits of the last token, of the scored ones, or of `n` from `first` on.
    Status head_of_last();
    Status head_of_scored();
    Status head(uint32_t first, uint32_t n);

  private:
    Status matmul(const ops::MatmulArgs& args) {
        return ops::record_matmul(device_, recorder_, args, columns_, n_tokens_);
    }
    // A product whose input is the normed residual stream.
    ops::MatmulArgs normed(const ops::Weight& weight, const gpu::BufferView& y) const;
    // Adds a block's last product to the residual stream, through the post-norm where there is one.
    Status add_to_residual(const ops::Weight& weight, const gpu::BufferView& x,
                           const gpu::BufferView& post_gain, const gpu::BufferView& next_gain);

    gpu::Device& device_;
    const HParams& hp_;
    const WeightSet& weights_;
    const KvPool& kv_;
    const StepBuffers& buffers_;
    gpu::Recorder& recorder_;
    ops::StepRows rows_;
    uint32_t n_tokens_;
    uint32_t columns_;
};

Status ForwardRecorder::embed() {
    recorder_.label("embed");
    ops::EmbedArgs args;
    args.weight = &weights_.embedding;
    args.tokens = buffers_.tokens;
    args.gain = weights_.layers[0].attn_gain;
    args.h = buffers_.h;
    args.gained = buffers_.gained;
    args.step = buffers_.step;
    args.scale = hp_.arch->scale_embedding ? std::sqrt(static_cast<float>(hp_.dim)) : 1.0f;
    return ops::record_embed(device_, recorder_, args, n_tokens_);
}

ops::MatmulArgs ForwardRecorder::normed(const ops::Weight& weight, const gpu::BufferView& y) const {
    ops::MatmulArgs args;
    args.weight = &weight;
    args.x = buffers_.gained;
    args.y = y;
    args.step = buffers_.step;
    args.norm = true;
    args.h = buffers_.h;
    args.epsilon = hp_.norm_epsilon;
    args.gelu = hp_.arch->activation == Activation::kGeluTanh;
    return args;
}

Status ForwardRecorder::add_to_residual(const ops::Weight& weight, const gpu::BufferView& x,
                                        const gpu::BufferView& post_gain,
                                        const gpu::BufferView& next_gain) {
    ops::MatmulArgs args;
    args.weight = &weight;
    args.x = x;
    args.step = buffers_.step;
    if (!hp_.arch->post_norms) {
        args.y = buffers_.h;
        args.add = true;
        args.gain = next_gain;
        args.gained = buffers_.gained;
        return matmul(args);
    }
    args.y = buffers_.block;
    ALV_RETURN_IF_ERROR(matmul(args));
    recorder_.label("post-norm");
    return ops::record_norm_add(device_, recorder_,
                                {buffers_.block, post_gain, buffers_.h, next_gain, buffers_.gained,
                                 buffers_.step, hp_.dim, hp_.norm_epsilon},
                                n_tokens_);
}

Status ForwardRecorder::attention_block(uint32_t layer) {
    const LayerWeights& w = weights_.layers[layer];
    const bool windowed = hp_.is_windowed(layer);
    recorder_.label("qkv");
    ALV_RETURN_IF_ERROR(matmul(normed(w.qkv, buffers_.qkv)));

    ops::RopeArgs rope;
    rope.qkv = buffers_.qkv;
    rope.k_cache = kv_.keys(layer);
    rope.v_cache = kv_.values(layer);
    rope.qk_gain = w.qk_gain;
    rope.angles = windowed ? weights_.local_angles : weights_.global_angles;
    rope.step = buffers_.step;
    rope.pages = buffers_.pages;
    rope.n_heads = hp_.n_heads;
    rope.n_kv_heads = hp_.n_kv_heads;
    rope.head_dim = hp_.head_dim;
    rope.rope_dim = hp_.rope_dim;
    rope.halves = hp_.arch->rope == RopeKind::kHalves;
    rope.qk_norm = hp_.arch->qk_norm;
    rope.q_scale = hp_.attention_scale;
    rope.epsilon = hp_.norm_epsilon;
    const ops::AttentionShape heads{hp_.n_heads, hp_.n_kv_heads, hp_.head_dim};
    const uint32_t window = windowed ? hp_.sliding_window : 0;
    if (rows_.max_tokens == 1 &&
        ops::has_attention_step(device_.plan(), heads, hp_.rope_dim, rope.halves)) {
        recorder_.label("rope, attention");
        ALV_RETURN_IF_ERROR(
            ops::record_attention_step(device_, recorder_, {rope, buffers_.attn, window}, rows_));
    } else {
        recorder_.label("rope");
        ALV_RETURN_IF_ERROR(ops::record_rope(device_, recorder_, rope, rows_));
        recorder_.label("attention");
        ALV_RETURN_IF_ERROR(
            ops::record_attention(device_, recorder_,
                                  {buffers_.qkv, kv_.keys(layer), kv_.values(layer), buffers_.attn,
                                   buffers_.step, buffers_.pages, heads, window},
                                  rows_));
    }
    recorder_.label("attention out");
    return add_to_residual(w.out, buffers_.attn, w.post_attn_gain, w.ffn_gain);
}

Status ForwardRecorder::ffn_block(uint32_t layer) {
    const LayerWeights& w = weights_.layers[layer];
    recorder_.label("gate and up");
    if (w.gate_up.gated) {
        ALV_RETURN_IF_ERROR(matmul(normed(w.gate_up, buffers_.ffn)));
    } else {
        ALV_RETURN_IF_ERROR(matmul(normed(w.gate_up, buffers_.gate_up)));
        const bool gelu = hp_.arch->activation == Activation::kGeluTanh;
        ALV_RETURN_IF_ERROR(ops::record_glu(
            device_, recorder_, {buffers_.gate_up, buffers_.ffn, buffers_.step, hp_.ffn_dim, gelu},
            n_tokens_));
    }
    recorder_.label("down");
    const bool last = layer + 1 == hp_.n_layers;
    return add_to_residual(w.down, buffers_.ffn, w.post_ffn_gain,
                           last ? weights_.final_gain : weights_.layers[layer + 1].attn_gain);
}

Status ForwardRecorder::head_of_last() {
    recorder_.label("head");
    ops::MatmulArgs args = normed(weights_.head, buffers_.logits);
    args.rows = ops::MatmulRows::kLast;
    return ops::record_matmul(device_, recorder_, args, 1, 1);
}

Status ForwardRecorder::head_of_scored() {
    recorder_.label("head");
    ops::MatmulArgs args = normed(weights_.head, buffers_.logits);
    args.rows = ops::MatmulRows::kScored;
    return ops::record_matmul(device_, recorder_, args, columns_, kScoreRows);
}

Status ForwardRecorder::head(uint32_t first, uint32_t n) {
    recorder_.label("head");
    ops::MatmulArgs args = normed(weights_.head, buffers_.logits);
    args.first_token = first;
    return ops::record_matmul(device_, recorder_, args, columns_, n);
}

uint32_t drawable_tokens(const Model& model) {
    return std::min(model.hparams().n_vocab, model.tokenizer().size());
}

// Draws and reports rows of the step from the logits that are there.
class DrawRecorder {
  public:
    DrawRecorder(const ForwardContext& context, gpu::Recorder& recorder)
        : device_(*context.model->device()),
          buffers_(*context.buffers),
          recorder_(recorder),
          n_logits_(context.model->hparams().n_vocab),
          n_vocab_(drawable_tokens(*context.model)) {}

    Status sample(uint32_t first_row, uint32_t n_rows) {
        recorder_.label("sample");
        return ops::record_sample(
            device_, recorder_,
            {buffers_.logits, buffers_.step, buffers_.penalty, buffers_.allowed, buffers_.answer,
             n_vocab_, n_logits_, first_row, n_rows});
    }
    Status report(uint32_t first_row, uint32_t n_rows) {
        return logprobs(n_vocab_, first_row, n_rows);
    }
    Status score() { return logprobs(n_logits_, 0, kScoreRows); }

  private:
    Status logprobs(uint32_t n_vocab, uint32_t first_row, uint32_t n_rows) {
        recorder_.label("logprobs");
        return ops::record_logprobs(
            device_, recorder_,
            {buffers_.logits, buffers_.step, buffers_.answer, buffers_.targets, buffers_.scores,
             n_vocab, n_logits_, first_row, n_rows});
    }

    gpu::Device& device_;
    const StepBuffers& buffers_;
    gpu::Recorder& recorder_;
    uint32_t n_logits_;
    uint32_t n_vocab_;
};

std::string_view program_name(const ops::StepRows& rows) {
    if (rows.n_sequences > 1) return rows.follow ? "draft" : "batch";
    return rows.max_tokens > 1 ? "prefill" : "decode";
}

}  // namespace

Result<ForwardProgram> record_forward(const ForwardContext& context, const ops::StepRows& rows,
                                      uint32_t logit_rows) {
    const HParams& hp = context.model->hparams();
    const auto recorder = context.model->device()->record(program_name(rows));
    ForwardRecorder forward(context, *recorder, rows);
    DrawRecorder draw(context, *recorder);
    ForwardProgram out;
    out.rows = rows;
    out.logit_rows = logit_rows;
    ALV_RETURN_IF_ERROR(forward.embed());
    for (uint32_t i = 0; i < hp.n_layers; ++i) {
        ALV_RETURN_IF_ERROR(forward.attention_block(i));
        recorder->split();
        ALV_RETURN_IF_ERROR(forward.ffn_block(i));
        recorder->split();
    }
    out.n_layer_segments = hp.n_layers * 2;
    if (rows.n_sequences == 1) {
        ALV_RETURN_IF_ERROR(forward.head_of_last());
        recorder->split();
        ALV_RETURN_IF_ERROR(draw.sample(0, 1));
        recorder->split();
        ALV_RETURN_IF_ERROR(draw.report(0, 1));
    }
    for (uint32_t first = 0; rows.n_sequences > 1 && first < rows.n_sequences;
         first += logit_rows) {
        if (first != 0) recorder->split();
        const uint32_t n = std::min(logit_rows, rows.n_sequences - first);
        ALV_RETURN_IF_ERROR(forward.head(first, n));
        ALV_RETURN_IF_ERROR(draw.sample(first, n));
        ALV_RETURN_IF_ERROR(draw.report(first, n));
    }
    ALV_ASSIGN_OR_RETURN(out.program, recorder->finish());
    return out;
}

Result<std::unique_ptr<gpu::Program>> record_score(const ForwardContext& context) {
    gpu::Device& device = *context.model->device();
    const auto recorder = device.record("score");
    ForwardRecorder forward(context, *recorder, {kScoreRows, 1});
    ALV_RETURN_IF_ERROR(forward.head_of_scored());
    ALV_RETURN_IF_ERROR(DrawRecorder(context, *recorder).score());
    return recorder->finish();
}

std::vector<gpu::KernelKey> forward_keys(const gpu::Plan& plan, const HParams& hp,
                                         const WeightPlan& weights, uint32_t prefill_tokens) {
    std::vector<gpu::KernelKey> keys;
    for (const ops::WeightFormat format : formats_of(weights)) {
        keys.push_back(ops::matmul_key(plan, format, 1));
        keys.push_back(ops::matmul_key(plan, format, plan.matmul_columns));
    }
    for (const ChunkPlan& chunk : weights.embedding.chunks) {
        keys.push_back(ops::embed_key(plan, chunk.format));
    }
    const ops::AttentionShape heads{hp.n_heads, hp.n_kv_heads, hp.head_dim};
    const bool halves = hp.arch->rope == RopeKind::kHalves;
    if (ops::has_attention_step(plan, heads, hp.rope_dim, halves)) {
        keys.push_back(ops::attention_step_key(plan, heads, hp.rope_dim, halves));
    } else {
        keys.push_back(ops::attention_key(plan, heads, 1));
    }
    keys.push_back(ops::attention_key(plan, heads, prefill_tokens));
    keys.push_back(ops::rope_key(plan));
    if (hp.arch->post_norms) keys.push_back(ops::norm_add_key(plan));
    if (has_separate_gate_up(weights.layers)) keys.push_back(ops::glu_key(plan));
    keys.push_back(ops::sample_key(plan));
    keys.push_back(ops::logprobs_key(plan));
    return keys;
}

}  // namespace alv::model
