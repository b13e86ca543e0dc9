// One token a sequence: q and k normalised (where the model does) and rotated, k and v into the kv cache, and
// attention, by attention_subgroup.glsl. A workgroup takes one kv head and ROWS query heads that read
// it; their own position is taken from registers, rounded as the cache rounds it, so that nobody waits
// for what another wrote. Rotary embedding: Su et al. 2021.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 1;
layout(constant_id = 2) const uint HEAD_DIM = 64;
layout(constant_id = 3) const uint ROPE_DIM = 64;
layout(constant_id = 4) const uint BY_HALVES = 0;

layout(std430, binding = 0) readonly buffer Qkv { vec4 qkv_[]; };
layout(std430, binding = 1) buffer KeyCache { uvec4 k_cache_[]; };
layout(std430, binding = 1) buffer KeyWords { uint k_words_[]; };
layout(std430, binding = 2) buffer ValueCache { uvec4 v_cache_[]; };
layout(std430, binding = 3) writeonly buffer Output { vec4 out_[]; };
layout(std430, binding = 4) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 5) readonly buffer PageTable { uint pages_[]; };
layout(std430, binding = 6) readonly buffer Angles { vec4 angles_[]; };  // (cos, sin) of two
layout(std430, binding = 7) readonly buffer QkGain { vec4 gain_[]; };    // of q, then of k
layout(push_constant) uniform Push { AttentionStepPush p_; };

#define SEES_ITSELF 0
#include "attention_subgroup.glsl"

vec4 turns_[QUADS];  // interleaved: of quad c; by halves: of quad c / 2, dims 0, 1 and then 2, 3
vec4 head_[QUADS];

// (cos, sin) of position * frequency of f and f + 1, by the sum of two tabled angles.
vec4 turn(uint position, uint f) {
    const vec4 low = angles_[(position % kRopeLow) * (ROPE_DIM / 4) + f / 2];
    const vec4 high = angles_[(kRopeLow + position / kRopeLow) * (ROPE_DIM / 4) + f / 2];
    return vec4(high.xz * low.xz - high.yw * low.yw, high.yw * low.xz + high.xz * low.yw).xzyw;
}

void load_turns(uint position, uint lane) {
    [[unroll]] for (uint c = 0; c < QUADS; ++c) {
        const uint f = BY_HALVES != 0 ? c / 2 * 32 + lane * 4 + c % 2 * 2 : c * 16 + lane * 2;
        turns_[c] = f < ROPE_DIM / 2 ? turn(position, f) : vec4(1.0, 0.0, 1.0, 0.0);
    }
}

void rotate_head() {
    if (BY_HALVES == 0) {
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            const vec4 v = head_[c];
            const vec4 t = turns_[c];
            head_[c] = vec4(v.xz * t.xz - v.yw * t.yw, v.xz * t.yw + v.yw * t.xz).xzyw;
        }
        return;
    }
    const uint n = ROPE_DIM / 64;
    [[unroll]] for (uint c = 0; c < n; ++c) {
        const vec4 a = head_[c];
        const vec4 b = head_[c + n];
        const vec4 cosine = vec4(turns_[c * 2].xz, turns_[c * 2 + 1].xz);
        const vec4 sine = vec4(turns_[c * 2].yw, turns_[c * 2 + 1].yw);
        head_[c] = a * cosine - b * sine;
        head_[c + n] = a * sine + b * cosine;
    }
}

// The lane's share of a q or k head: normalised, rotated.
void load_head(uint head, uint gain, uint lane) {
    const uint at = head * (HEAD_DIM / 4) + lane;
    [[unroll]] for (uint c = 0; c < QUADS; ++c) head_[c] = qkv_[at + c * kGroupLanes];
    if ((p_.flags & kRopeQkNorm) != 0) {
        float sum = 0.0;
        [[unroll]] for (uint c = 0; c < QUADS; ++c) sum += dot(head_[c], head_[c]);
        const float factor = inversesqrt(sum_of_lanes(sum) / float(HEAD_DIM) + p_.epsilon);
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            head_[c] *= factor * gain_[gain * (HEAD_DIM / 4) + c * kGroupLanes + lane];
        }
    }
    rotate_head();
}

// The shuffle changes nothing; without it Mesa 25 takes unpack(pack(v)) for v, unrounded.
uvec2 pack(vec4 v) {
    v = clamp(v, vec4(-65504.0), vec4(65504.0));
    const uvec2 words = uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw));
    return subgroupShuffle(words, gl_SubgroupInvocationID);
}

void main() {
    const uint lane = gl_SubgroupInvocationID;
    const uint kv_head = gl_WorkGroupID.x;
    const uint row0 = gl_WorkGroupID.y * ROWS;
    const uint heads_each = p_.n_heads / p_.n_kv_heads;
    const uint token = gl_WorkGroupID.z;
    if (steps_[token].n_own == 0) return;
    const uint position = steps_[token].position;
    const uint first_page = steps_[token].first_page;
    const uint n_all = p_.n_heads + 2 * p_.n_kv_heads;
    load_turns(position, lane);
    const uint slot = position % kPageTokens;
    const uint cache_head = pages_[first_page + position / kPageTokens] * p_.n_kv_heads + kv_head;

    load_head(token * n_all + p_.n_heads + kv_head, 1, lane);
    vec4 key[QUADS];
    [[unroll]] for (uint c = 0; c < QUADS; ++c) {
        const uvec2 words = pack(head_[c]);
        key[c] = halves(words);
        if (row0 == 0) {  // one workgroup writes
            const uint at = (cache_head * (HEAD_DIM / 2) + c * 16 + lane * 2) * kPageTokens + slot;
            k_words_[at] = words.x;
            k_words_[at + kPageTokens] = words.y;
        }
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        load_head(token * n_all + kv_head * heads_each + min(row0 + r, heads_each - 1), 0, lane);
        float score = 0.0;
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            query_[r * QUADS + c] = head_[c] * p_.q_scale;
            score += dot(query_[r * QUADS + c], key[c]);
        }
        position_[r] = position;
        max_[r] = sum_of_lanes(score);
        total_[r] = lane == 0 ? 1.0 : 0.0;
    }
    const uint value =
        (token * n_all + p_.n_heads + p_.n_kv_heads + kv_head) * (HEAD_DIM / 4) + lane * 2;
    [[unroll]] for (uint c = 0; c < QUADS; c += 2) {
        const uvec4 words = uvec4(pack(qkv_[value + c * 8]), pack(qkv_[value + c * 8 + 1]));
        if (row0 == 0) {
            v_cache_[(cache_head * kPageTokens + slot) * (HEAD_DIM / 8) + c * 4 + lane] = words;
        }
        [[unroll]] for (uint r = 0; r < ROWS; ++r) {
            sums_[r * QUADS + c] = halves(words.xy);
            sums_[r * QUADS + c + 1] = halves(words.zw);
        }
    }
    const uint oldest = p_.window != 0 && position >= p_.window ? position - p_.window + 1 : 0;
    for (uint first = oldest / kPageTokens * kPageTokens; first < position; first += kPageTokens) {
        attend_page(first_page, first / kPageTokens, p_.n_kv_heads, kv_head, lane);
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        if (row0 + r >= heads_each) break;
        store_row(r, (token * p_.n_heads + kv_head * heads_each + row0 + r) * (HEAD_DIM / 4), lane);
    }
}
