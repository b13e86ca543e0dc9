// Draws one token of each row from its logits: mask, penalty, temperature, top_k, top_p, min_p, then Gumbel-max over
// what is left (see runtime/model/decoder.h). One workgroup a row.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) coherent buffer Logits { float logits_[]; };
layout(std430, binding = 1) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 2) readonly buffer Penalty { uint penalty_[]; };
layout(std430, binding = 3) writeonly buffer Answer { Drawn drawn_[]; };
layout(std430, binding = 4) readonly buffer Allowed { uint allowed_[]; };  // a bit a token
layout(push_constant) uniform Push { SamplePush p_; };

#include "rank.glsl"

Step step_;         // of the row
uint logits0_;      // its first logit
uint allowed0_;     // the first word of its mask
uint penalty0_;     // and its first penalised token

// A token that the mask leaves out is as unlikely as can be.
float logit_of(uint token) {
    const bool may = step_.masked == 0 || (allowed_[allowed0_ + (token >> 5)] >> (token & 31) & 1u) != 0;
    return may ? logits_[logits0_ + token] : uintBitsToFloat(0xff800000u);
}

#include "select.glsl"
#include "random.glsl"

// Raw logits of the listed tokens, put back at the end: log-probabilities are read from them.
shared float raw_[kMaxPenalty];

// Divides positive and multiplies negative logits of the listed tokens (Keskar et al. 2019); the host
// lists each once.
void penalise() {
    for (uint i = gl_LocalInvocationID.x; i < step_.n_penalty; i += LANES) {
        const uint at = logits0_ + penalty_[penalty0_ + i];
        const float logit = logits_[at];
        raw_[i] = logit;
        logits_[at] = logit > 0.0 ? logit / step_.repeat_penalty : logit * step_.repeat_penalty;
    }
    memoryBarrierBuffer();
    barrier();
}

void restore() {
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < step_.n_penalty; i += LANES) {
        logits_[logits0_ + penalty_[penalty0_ + i]] = raw_[i];
    }
}

Best largest_logit() {
    Best best = Best(0, kNoId);
    for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
        const Best it = Best(key_of(logit_of(i)), i);
        if (before(it, best)) best = it;
    }
    return best_of_all(best);
}

uint draw(Best top) {
    const float inverse = 1.0 / step_.temperature;
    const float top_logit = value_of(top.key);
    Bound bound = Bound(0, kNoId);
    if (step_.top_k != 0 && step_.top_k < p_.n_vocab) bound = bound_by_count(step_.top_k);
    if (step_.top_p < 1.0) bound = bound_by_mass(step_.top_p, bound, top_logit, inverse);
    const float lowest = step_.min_p > 0.0 ? log(step_.min_p) : -3.0e38;
    Best best = Best(0, kNoId);
    for (uint i = gl_LocalInvocationID.x; i < p_.n_vocab; i += LANES) {
        const float logit = logit_of(i);
        const float scaled = (logit - top_logit) * inverse;
        if (scaled < lowest || !keeps(bound, Best(key_of(logit), i))) continue;
        const uint bits =
            philox(uvec2(step_.seed_low, step_.seed_high), uvec4(i / 4, step_.draw, 0, 0))[i % 4];
        const Best it = Best(key_of(scaled + gumbel(bits)), i);
        if (before(it, best)) best = it;
    }
    best = best_of_all(best);
    return best.id == kNoId ? top.id : best.id;
}

void main() {
    const uint row = p_.first_row + gl_WorkGroupID.x;
    step_ = steps_[row];
    if (step_.n_own == 0) return;
    logits0_ = gl_WorkGroupID.x * p_.n_logits;
    allowed0_ = row * ((p_.n_logits + 31) / 32);
    penalty0_ = row * kMaxPenalty;
    const bool penalised = step_.n_penalty != 0 && step_.repeat_penalty != 1.0;
    if (penalised) penalise();
    const Best top = largest_logit();
    const uint token = step_.temperature > 0.0 ? draw(top) : top.id;
    if (gl_LocalInvocationID.x == 0) drawn_[row].token = token;
    if (penalised) restore();
}
