// Causal attention as in attention.comp, for workgroups of one subgroup of 8 lanes: what lanes share
// they shuffle, nothing goes through shared memory. A workgroup takes one kv head and ROWS rows, a row
// being a (token, query head) that reads this kv head. Of q a lane holds 4 dimensions in every 32, of
// scores 4 positions of a page, of values and sums 8 dimensions in every 64.
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
const uint QUADS = HEAD_DIM / 32;

layout(std430, binding = 0) readonly buffer Queries { vec4 q_[]; };
layout(std430, binding = 1) readonly buffer KeyCache { uvec4 k_cache_[]; };
layout(std430, binding = 2) readonly buffer ValueCache { uvec4 v_cache_[]; };
layout(std430, binding = 3) writeonly buffer Output { vec4 out_[]; };
layout(std430, binding = 4) readonly buffer StepBuffer { Step step_; };
layout(std430, binding = 5) readonly buffer PageTable { uint pages_[]; };
layout(push_constant) uniform Push { AttentionPush p_; };

#include "half4.glsl"

const float kNothing = -1e30;

vec4 query_[ROWS * QUADS];
vec4 scores_[ROWS];  // of a page, then their softmax numerators
vec4 sums_[ROWS * QUADS];
float max_[ROWS];
float total_[ROWS];  // of this lane's positions alone
uint position_[ROWS];

float largest(vec4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

// Written out: Mesa 22.3 does not unroll such loops, nor those around them.
float largest_of_lanes(float v) {
    v = max(v, subgroupShuffle(v, gl_SubgroupInvocationID ^ 4));
    v = max(v, subgroupShuffle(v, gl_SubgroupInvocationID ^ 2));
    return max(v, subgroupShuffle(v, gl_SubgroupInvocationID ^ 1));
}

float sum_of_lanes(float v) {
    v += subgroupShuffle(v, gl_SubgroupInvocationID ^ 4);
    v += subgroupShuffle(v, gl_SubgroupInvocationID ^ 2);
    return v + subgroupShuffle(v, gl_SubgroupInvocationID ^ 1);
}

void score_page(uint cache_head, uint lane) {
    [[unroll]] for (uint r = 0; r < ROWS; ++r) scores_[r] = vec4(0.0);
    const uint base = cache_head * (HEAD_DIM / 2) * kGroupLanes + lane;
    [[dont_unroll]] for (uint l = 0; l < kGroupLanes; ++l) {
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            const uint at = base + (c * 16 + l * 2) * kGroupLanes;
            const uvec4 a = k_cache_[at];
            const uvec4 b = k_cache_[at + kGroupLanes];
            const vec4 k[4] = {low_halves(a), high_halves(a), low_halves(b), high_halves(b)};
            [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                [[unroll]] for (uint i = 0; i < 4; ++i) {
                    scores_[r] += k[i] * subgroupShuffle(query_[r * QUADS + c][i], l);
                }
            }
        }
    }
}

// Turns the scores of a page into numerators relative to the new maximum.
void softmax_page(uint first_position, uint lane) {
    const uvec4 at = first_position + lane * 4 + uvec4(0, 1, 2, 3);
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        bvec4 seen = lessThanEqual(at, uvec4(position_[r]));
        if (p_.window != 0) {
            const bvec4 near = greaterThan(at + p_.window, uvec4(position_[r]));
            seen = bvec4(seen.x && near.x, seen.y && near.y, seen.z && near.z, seen.w && near.w);
        }
        const vec4 score = mix(vec4(kNothing), scores_[r], seen);
        const float page_max = max(max_[r], largest_of_lanes(largest(score)));
        const float shrink = exp(max_[r] - page_max);
        const vec4 w = mix(vec4(0.0), exp(score - page_max), seen);
        max_[r] = page_max;
        total_[r] = total_[r] * shrink + (w.x + w.y) + (w.z + w.w);
        scores_[r] = w;
        [[unroll]] for (uint c = 0; c < QUADS; ++c) sums_[r * QUADS + c] *= shrink;
    }
}

void add_values(uint cache_head, uint lane) {
    const uint base = cache_head * kPageTokens * (HEAD_DIM / 8) + lane;
    [[dont_unroll]] for (uint l = 0; l < kGroupLanes; ++l) {
        [[unroll]] for (uint i = 0; i < 4; ++i) {
            float weight[ROWS];
            [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                weight[r] = subgroupShuffle(scores_[r][i], l);
            }
            [[unroll]] for (uint c = 0; c < QUADS; c += 2) {
                const uvec4 v = v_cache_[base + (l * 4 + i) * (HEAD_DIM / 8) + c * 4];
                const vec4 low = halves(v.xy);
                const vec4 high = halves(v.zw);
                [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                    sums_[r * QUADS + c] += low * weight[r];
                    sums_[r * QUADS + c + 1] += high * weight[r];
                }
            }
        }
    }
}

void main() {
    const uint lane = gl_SubgroupInvocationID;
    const uint kv_head = gl_WorkGroupID.x;
    const uint heads_each = p_.n_heads / p_.n_kv_heads;
    const uint n_rows = step_.n_tokens * heads_each;
    const uint row0 = gl_WorkGroupID.y * ROWS;
    if (row0 >= n_rows) return;

    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = min(row0 + r, n_rows - 1);
        const uint head = kv_head * heads_each + row % heads_each;
        const uint at = (row / heads_each * p_.qkv_stride + head * HEAD_DIM) / 4 + lane;
        position_[r] = step_.position + row / heads_each;
        max_[r] = kNothing;
        total_[r] = 0.0;
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            query_[r * QUADS + c] = q_[at + c * kGroupLanes];
            sums_[r * QUADS + c] = vec4(0.0);
        }
    }
    const uint oldest = p_.window != 0 && position_[0] >= p_.window ? position_[0] - p_.window + 1 : 0;
    const uint last_page = position_[ROWS - 1] / kPageTokens;
    for (uint index = oldest / kPageTokens; index <= last_page; ++index) {
        const uint cache_head = pages_[index] * p_.n_kv_heads + kv_head;
        score_page(cache_head, lane);
        softmax_page(index * kPageTokens, lane);
        add_values(cache_head, lane);
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = row0 + r;
        const float total = sum_of_lanes(total_[r]);
        if (row >= n_rows) break;
        const uint head = kv_head * heads_each + row % heads_each;
        const uint at = (row / heads_each * p_.n_heads + head) * (HEAD_DIM / 4) + lane * 2;
        [[unroll]] for (uint c = 0; c < QUADS; ++c) {
            out_[at + c / 2 * 16 + c % 2] = sums_[r * QUADS + c] / total;
        }
    }
}
