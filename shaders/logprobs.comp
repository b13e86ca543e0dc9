// Raw log-probabilities of one row of logits: of the token that was drawn (or, when a text is scored,
// of the token that follows), and of the n best. One workgroup a row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) readonly buffer Logits { float logits_[]; };
layout(std430, binding = 1) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 2) buffer Answer { Drawn drawn_[]; };
layout(std430, binding = 3) readonly buffer Targets { uint targets_[]; };  // token t + 1 of the text
layout(std430, binding = 4) writeonly buffer Scores { float scores_[]; };
layout(push_constant) uniform Push { SamplePush p_; };

#include "rank.glsl"

Best best_after(bool bounded, Best bound, uint base) {
    Best best = Best(0, kNoId);
    for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
        const Best it = Best(key_of(logits_[base + i]), i);
        if ((!bounded || before(bound, it)) && before(it, best)) best = it;
    }
    return best_of_all(best);
}

void main() {
    const bool scoring = steps_[0].n_score != 0;
    const uint row = p_.first_row + gl_WorkGroupID.x;
    if (scoring ? row >= steps_[0].n_score : steps_[row].n_own == 0 || steps_[row].n_top == 0) return;
    const uint base = gl_WorkGroupID.x * p_.n_logits;
    Best best = best_after(false, Best(0, 0), base);
    const float top = value_of(best.key);
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) sum += exp(logits_[base + i] - top);
    const float log_sum = top + log(add_all(sum));
    if (scoring) {
        const uint t = steps_[0].score_first + row;
        if (gl_LocalInvocationID.x == 0) scores_[t] = logits_[base + targets_[t]] - log_sum;
        return;
    }
    if (gl_LocalInvocationID.x == 0) {
        drawn_[row].logprob = logits_[base + drawn_[row].token] - log_sum;
        drawn_[row].n_top = steps_[row].n_top;
    }
    for (uint n = 0; n < steps_[row].n_top; ++n) {
        if (n != 0) best = best_after(true, best, base);
        if (gl_LocalInvocationID.x == 0) {
            drawn_[row].top[2 * n] = best.id;
            drawn_[row].top[2 * n + 1] = floatBitsToUint(value_of(best.key) - log_sum);
        }
    }
}
