// Bidirectional attention within each text of a step, with a running softmax (Milakov and Gimelshein
// 2018). Lanes work in groups of 8, a group takes ROWS tokens of one head and walks over the keys, 8 a
// round: for products a lane owns 4 dimensions in every 32, for the softmax one key. q, k and v of a
// token lie side by side.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 1;
layout(constant_id = 2) const uint HEAD_DIM = 32;
const uint GROUPS = LANES / kGroupLanes;
const uint CHUNKS = HEAD_DIM / 32;

layout(std430, binding = 0) readonly buffer Queries { vec4 qkv_[]; };
layout(std430, binding = 1) readonly buffer Places { TokenPlace places_[]; };
layout(std430, binding = 2) writeonly buffer Output { vec4 out_[]; };
layout(std430, binding = 3) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { AttentionFullPush p_; };

shared float partial_[GROUPS * ROWS * kGroupLanes * kGroupLanes];  // by row, key and lane
shared float scores_[GROUPS * ROWS * kGroupLanes];
shared float weights_[GROUPS * ROWS * kGroupLanes];  // softmax numerators

const float kNothing = -1e30;

vec4 q_[ROWS * CHUNKS];
vec4 out_sum_[ROWS * CHUNKS];
float max_[ROWS];
float sum_[ROWS];  // of this lane's keys alone
uint token_[ROWS];

void multiply_keys(uint key0, uint stop, uint stride, uint at, uint shelf, uint lane) {
    [[dont_unroll]] for (uint j = 0; j < kGroupLanes; ++j) {
        const uint key = at + min(key0 + j, stop - 1) * stride;
        vec4 k[CHUNKS];
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) k[c] = qkv_[key + c * kGroupLanes];
        [[unroll]] for (uint r = 0; r < ROWS; ++r) {
            float sum = 0.0;
            [[unroll]] for (uint c = 0; c < CHUNKS; ++c) sum += dot(q_[r * CHUNKS + c], k[c]);
            partial_[((shelf + r) * kGroupLanes + j) * kGroupLanes + lane] = sum;
        }
    }
    barrier();
}

void softmax_keys(uint key, uint shelf, uint lane) {
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        float score = 0.0;
        [[dont_unroll]] for (uint i = 0; i < kGroupLanes; ++i) {
            score += partial_[((shelf + r) * kGroupLanes + lane) * kGroupLanes + i];
        }
        const TokenPlace place = places_[token_[r]];
        const bool seen = key >= place.first && key < place.end;
        scores_[(shelf + r) * kGroupLanes + lane] = seen ? score : kNothing;
    }
    barrier();
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        float top = max_[r];
        [[dont_unroll]] for (uint i = 0; i < kGroupLanes; ++i) {
            top = max(top, scores_[(shelf + r) * kGroupLanes + i]);
        }
        const float score = scores_[(shelf + r) * kGroupLanes + lane];
        const float weight = score > kNothing ? exp(score - top) : 0.0;
        const float shrink = exp(max_[r] - top);
        max_[r] = top;
        sum_[r] = sum_[r] * shrink + weight;
        weights_[(shelf + r) * kGroupLanes + lane] = weight;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) out_sum_[r * CHUNKS + c] *= shrink;
    }
    barrier();
}

void add_values(uint key0, uint stop, uint stride, uint at, uint shelf) {
    [[dont_unroll]] for (uint j = 0; j < kGroupLanes; ++j) {
        const uint key = at + min(key0 + j, stop - 1) * stride;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
            const vec4 value = qkv_[key + c * kGroupLanes];
            [[unroll]] for (uint r = 0; r < ROWS; ++r) {
                out_sum_[r * CHUNKS + c] += weights_[(shelf + r) * kGroupLanes + j] * value;
            }
        }
    }
}

void main() {
    const uint lane = gl_LocalInvocationID.x % kGroupLanes;
    const uint group = gl_LocalInvocationID.x / kGroupLanes;
    const uint first_row = gl_WorkGroupID.y * GROUPS * ROWS;
    if (first_row >= step_.n_tokens) return;
    const uint last_row = min(first_row + GROUPS * ROWS, step_.n_tokens) - 1;
    const uint row0 = first_row + group * ROWS;
    const uint width = p_.n_heads * (HEAD_DIM / 4);  // of q of one token, in vec4
    const uint at = gl_WorkGroupID.x * (HEAD_DIM / 4) + lane;
    const uint shelf = group * ROWS;  // this group's rows in shared memory

    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        token_[r] = step_.position + min(row0 + r, last_row);
        max_[r] = kNothing;
        sum_[r] = 0.0;
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
            q_[r * CHUNKS + c] = qkv_[token_[r] * 3 * width + at + c * kGroupLanes] * p_.scale;
            out_sum_[r * CHUNKS + c] = vec4(0.0);
        }
    }
    // The same for all lanes: from the first text of these rows to the last.
    const uint begin = places_[step_.position + first_row].first;
    const uint stop = places_[step_.position + last_row].end;
    [[dont_unroll]] for (uint key0 = begin; key0 < stop; key0 += kGroupLanes) {
        multiply_keys(key0, stop, 3 * width, width + at, shelf, lane);
        softmax_keys(key0 + lane, shelf, lane);
        add_values(key0, stop, 3 * width, 2 * width + at, shelf);
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) scores_[(shelf + r) * kGroupLanes + lane] = sum_[r];
    barrier();
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        if (row0 + r > last_row) break;
        float total = 0.0;
        [[dont_unroll]] for (uint i = 0; i < kGroupLanes; ++i) {
            total += scores_[(shelf + r) * kGroupLanes + i];
        }
        [[unroll]] for (uint c = 0; c < CHUNKS; ++c) {
            out_[token_[r] * width + at + c * kGroupLanes] = out_sum_[r * CHUNKS + c] / total;
        }
    }
}
