// One workgroup a (head, token): q heads are normalised (where the model does), rotated and scaled in
// place; k heads are normalised, rotated and written to the kv cache; v heads are written there.
// Rotary embedding: Su et al. 2021. Cache pages: k is (kv_head, head_dim / 2, position) and v is
// (kv_head, position, head_dim / 2), in pairs of f16.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) buffer Qkv { float qkv_[]; };
layout(std430, binding = 1) writeonly buffer KeyCache { uint k_cache_[]; };
layout(std430, binding = 2) writeonly buffer ValueCache { uint v_cache_[]; };
layout(std430, binding = 3) readonly buffer QkGain { float gain_[]; };   // of q, then of k
layout(std430, binding = 4) readonly buffer Angles { vec2 angles_[]; };  // (cos, sin)
layout(std430, binding = 5) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 6) readonly buffer PageTable { uint pages_[]; };
layout(push_constant) uniform Push { RopePush p_; };

shared float sums_[LANES];

float head_norm_factor(uint base) {
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < p_.head_dim; i += LANES) {
        sum += qkv_[base + i] * qkv_[base + i];
    }
    sums_[gl_LocalInvocationID.x] = sum;
    barrier();
    sum = 0.0;
    for (uint i = 0; i < LANES; ++i) sum += sums_[i];
    return inversesqrt(sum / float(p_.head_dim) + p_.epsilon);
}

// cos and sin of position * frequency[f], by the sum of two tabled angles.
vec2 angle(uint position, uint f) {
    const uint n = p_.rope_dim / 2;
    const vec2 low = angles_[position % kRopeLow * n + f];
    const vec2 high = angles_[(kRopeLow + position / kRopeLow) * n + f];
    return vec2(high.x * low.x - high.y * low.y, high.y * low.x + high.x * low.y);
}

vec2 rotate(vec2 pair, vec2 turn) {
    return vec2(pair.x * turn.x - pair.y * turn.y, pair.x * turn.y + pair.y * turn.x);
}

uint pack(float a, float b) { return packHalf2x16(clamp(vec2(a, b), -65504.0, 65504.0)); }

void main() {
    const uint head = gl_WorkGroupID.x;
    const uint sequence = gl_WorkGroupID.z;  // one, unless each has one token
    if (gl_WorkGroupID.y >= steps_[sequence].n_own) return;
    const uint t = sequence + gl_WorkGroupID.y;
    const uint n_all = p_.n_heads + 2 * p_.n_kv_heads;
    const uint base = (t * n_all + head) * p_.head_dim;
    const bool is_q = head < p_.n_heads;
    const bool is_v = head >= p_.n_heads + p_.n_kv_heads;
    const uint position = steps_[sequence].position + gl_WorkGroupID.y;
    const uint page = pages_[steps_[sequence].first_page + position / kPageTokens];
    const uint slot = position % kPageTokens;
    const uint n_pairs = p_.head_dim / 2;
    const uint kv_head = is_q ? 0 : (head - p_.n_heads) % p_.n_kv_heads;
    const uint cache_head = page * p_.n_kv_heads + kv_head;
    const bool normed = (p_.flags & kRopeQkNorm) != 0 && !is_v;
    const float factor = normed ? head_norm_factor(base) : 1.0;
    const bool by_halves = (p_.flags & kRopeHalves) != 0;

    // A unit is two pairs: dims d0, d0 + 1 and d1, d1 + 1.
    for (uint unit = gl_LocalInvocationID.x; unit < p_.head_dim / 4; unit += LANES) {
        const bool rotated = !is_v && unit * 4 < p_.rope_dim;
        const bool split = rotated && by_halves;
        const uint d0 = split ? unit * 2 : unit * 4;
        const uint d1 = split ? d0 + p_.rope_dim / 2 : d0 + 2;
        vec4 v = vec4(qkv_[base + d0], qkv_[base + d0 + 1], qkv_[base + d1], qkv_[base + d1 + 1]);
        if (normed) {
            const uint g = is_q ? 0 : p_.head_dim;
            v *= factor * vec4(gain_[g + d0], gain_[g + d0 + 1], gain_[g + d1], gain_[g + d1 + 1]);
        }
        if (rotated) {
            const vec2 turn0 = angle(position, unit * 2);
            const vec2 turn1 = angle(position, unit * 2 + 1);
            if (split) {
                const vec2 a = rotate(v.xz, turn0);
                const vec2 b = rotate(v.yw, turn1);
                v = vec4(a.x, b.x, a.y, b.y);
            } else {
                v = vec4(rotate(v.xy, turn0), rotate(v.zw, turn1));
            }
        }
        if (is_q) {
            v *= p_.q_scale;
            qkv_[base + d0] = v.x;
            qkv_[base + d0 + 1] = v.y;
            qkv_[base + d1] = v.z;
            qkv_[base + d1 + 1] = v.w;
        } else if (is_v) {
            const uint at = (cache_head * kPageTokens + slot) * n_pairs;
            v_cache_[at + d0 / 2] = pack(v.x, v.y);
            v_cache_[at + d1 / 2] = pack(v.z, v.w);
        } else {
            const uint at = cache_head * n_pairs;
            k_cache_[(at + d0 / 2) * kPageTokens + slot] = pack(v.x, v.y);
            k_cache_[(at + d1 / 2) * kPageTokens + slot] = pack(v.z, v.w);
        }
    }
}
