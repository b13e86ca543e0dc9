// Causal attention over the paged kv cache with a running softmax (Milakov and Gimelshein 2018; Dao
// et al. 2022). A workgroup takes one kv head and ROWS rows, a row being a (token, query head) that
// reads this kv head. Lanes work in groups of 8 that take turns along the pages: for scores a lane
// owns 4 positions of a page, for values 4 dimensions in every 32.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 1;
layout(constant_id = 2) const uint HEAD_DIM = 64;
const uint GROUPS = LANES / kGroupLanes;
const uint CHUNKS = HEAD_DIM / 32;

layout(std430, binding = 0) readonly buffer Queries { vec2 q_[]; };
layout(std430, binding = 1) readonly buffer KeyCache { uvec4 k_cache_[]; };
layout(std430, binding = 2) readonly buffer ValueCache { uvec2 v_cache_[]; };
layout(std430, binding = 3) writeonly buffer Output { vec4 out_[]; };
layout(std430, binding = 4) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 5) readonly buffer PageTable { uint pages_[]; };
layout(push_constant) uniform Push { AttentionPush p_; };

#include "half4.glsl"

shared vec4 weights_[GROUPS * ROWS * kGroupLanes];  // softmax numerators of one page a group
shared float lane_max_[LANES * ROWS];
shared float lane_sum_[LANES * ROWS];
shared vec4 group_out_[LANES * ROWS * CHUNKS];

const float kNothing = -1e30;

vec4 scores_[ROWS];
vec4 out_sum_[ROWS * CHUNKS];
float max_[ROWS];
float sum_[ROWS];  // of this lane's positions alone
uint query_[ROWS];     // index of the row's q in q_ (vec2)
uint position_[ROWS];

float largest(vec4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

void score_page(uint page, uint kv_head, uint lane) {
    [[unroll]] for (uint r = 0; r < ROWS; ++r) scores_[r] = vec4(0.0);
    const uint base = (page * p_.n_kv_heads + kv_head) * (HEAD_DIM / 2) * kGroupLanes + lane;
    // Two at a time: Mesa 22.3 leaves loops after 65,535 iterations of an invocation.
    [[dont_unroll]] for (uint pair = 0; pair < HEAD_DIM / 2; pair += 2) {
        [[unroll]] for (uint i = 0; i < 2; ++i) {
            const uint d = pair + i;
            const uvec4 keys = k_cache_[base + d * kGroupLanes];
            const vec4 k0 = low_halves(keys);
            const vec4 k1 = high_halves(keys);
            [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                const vec2 q = q_[query_[r] + d];
                scores_[r] += k0 * q.x + k1 * q.y;
            }
        }
    }
}

// Turns the scores of a page into numerators relative to the new maximum.
void softmax_page(uint first_position, bool in_use, uint lane, uint group) {
    const uvec4 at = first_position + lane * 4 + uvec4(0, 1, 2, 3);
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        bvec4 seen = lessThanEqual(at, uvec4(position_[r]));
        if (p_.window != 0) {
            const bvec4 near = greaterThan(at + p_.window, uvec4(position_[r]));
            seen = bvec4(seen.x && near.x, seen.y && near.y, seen.z && near.z, seen.w && near.w);
        }
        if (!in_use) seen = bvec4(false);
        scores_[r] = mix(vec4(kNothing), scores_[r], seen);
        lane_max_[r * LANES + gl_LocalInvocationID.x] = largest(scores_[r]);
    }
    barrier();
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        float page_max = max_[r];
        [[dont_unroll]] for (uint i = 0; i < kGroupLanes; ++i) {
            page_max = max(page_max, lane_max_[r * LANES + group * kGroupLanes + i]);
        }
        const float shrink = exp(max_[r] - page_max);
        const vec4 w = mix(exp(scores_[r] - page_max), vec4(0.0),
                           lessThanEqual(scores_[r], vec4(kNothing)));
        max_[r] = page_max;
        sum_[r] = sum_[r] * shrink + (w.x + w.y) + (w.z + w.w);
        weights_[(group * ROWS + r) * kGroupLanes + lane] = w;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) out_sum_[r * CHUNKS + c] *= shrink;
    }
    barrier();
}

void add_values(uint page, uint kv_head, uint lane, uint group) {
    const uint base = (page * p_.n_kv_heads + kv_head) * kPageTokens * (HEAD_DIM / 4) + lane;
    [[dont_unroll]] for (uint slot = 0; slot < kPageTokens; ++slot) {
        const uint at = base + slot * (HEAD_DIM / 4);
        float weight[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; ++r) {
            weight[r] = weights_[(group * ROWS + r) * kGroupLanes + slot / 4][slot % 4];
        }
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
            const vec4 value = halves(v_cache_[at + c * 8]);
            [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                out_sum_[r * CHUNKS + c] += value * weight[r];
            }
        }
    }
}

// Adds up what the lanes and groups found; the lanes of group 0 then hold the sums.
void merge_groups(uint lane, uint group) {
    const uint me = gl_LocalInvocationID.x;
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        lane_max_[r * LANES + me] = max_[r];
        lane_sum_[r * LANES + me] = sum_[r];
        if (GROUPS > 1) {
            [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
                group_out_[(r * CHUNKS + c) * LANES + me] = out_sum_[r * CHUNKS + c];
            }
        }
    }
    barrier();
    if (group != 0) return;
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        float top = max_[r];
        for (uint g = 1; g < GROUPS; ++g) top = max(top, lane_max_[r * LANES + g * kGroupLanes]);
        float total = 0.0;
        for (uint i = 0; i < LANES; ++i) {
            total += lane_sum_[r * LANES + i] * exp(lane_max_[r * LANES + i] - top);
        }
        const float mine = exp(max_[r] - top);
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
            vec4 sum = out_sum_[r * CHUNKS + c] * mine;
            for (uint g = 1; g < GROUPS; ++g) {
                const uint i = g * kGroupLanes + lane;
                sum += group_out_[(r * CHUNKS + c) * LANES + i] * exp(lane_max_[r * LANES + i] - top);
            }
            out_sum_[r * CHUNKS + c] = sum / total;
        }
    }
}

void main() {
    const uint lane = gl_LocalInvocationID.x % kGroupLanes;
    const uint group = gl_LocalInvocationID.x / kGroupLanes;
    const uint kv_head = gl_WorkGroupID.x;
    const uint heads_each = p_.n_heads / p_.n_kv_heads;
    const uint sequence = gl_WorkGroupID.z;  // one, unless each has one token
    const uint n_rows = steps_[sequence].n_own * heads_each;
    const uint row0 = gl_WorkGroupID.y * ROWS;
    if (row0 >= n_rows) return;

    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = min(row0 + r, n_rows - 1);
        const uint head = kv_head * heads_each + row % heads_each;
        query_[r] = ((sequence + row / heads_each) * p_.qkv_stride + head * HEAD_DIM) / 2;
        position_[r] = steps_[sequence].position + row / heads_each;
        max_[r] = kNothing;
        sum_[r] = 0.0;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) out_sum_[r * CHUNKS + c] = vec4(0.0);
    }
    const uint oldest = p_.window != 0 && position_[0] >= p_.window ? position_[0] - p_.window + 1 : 0;
    const uint last_page = position_[ROWS - 1] / kPageTokens;
    for (uint first = oldest / kPageTokens; first <= last_page; first += GROUPS) {
        const bool in_use = first + group <= last_page;
        const uint index = min(first + group, last_page);
        const uint page = pages_[steps_[sequence].first_page + index];
        score_page(page, kv_head, lane);
        softmax_page(index * kPageTokens, in_use, lane, group);
        add_values(page, kv_head, lane, group);
    }
    merge_groups(lane, group);
    if (group != 0) return;
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = row0 + r;
        if (row >= n_rows) break;
        const uint head = kv_head * heads_each + row % heads_each;
        const uint at = ((sequence + row / heads_each) * p_.n_heads + head) * (HEAD_DIM / 4) + lane;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) out_[at + c * 8] = out_sum_[r * CHUNKS + c];
    }
}
