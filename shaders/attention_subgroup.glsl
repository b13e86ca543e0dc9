// A page of causal attention for workgroups of one subgroup of 8 lanes: what lanes share they shuffle,
// nothing goes through shared memory. ROWS rows are (token, query head) pairs that read one kv head.
// Of q a lane holds 4 dimensions in every 32, of scores 4 positions of a page, of values and sums 8
// dimensions in every 64. Before it: ROWS, HEAD_DIM, k_cache_, v_cache_, p_.window, and SEES_ITSELF, 1
// if a row's own position is in the cache.
#include "half4.glsl"

const uint QUADS = HEAD_DIM / 32;
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
        bvec4 seen = lessThan(at, uvec4(position_[r] + SEES_ITSELF));
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

void attend_page(uint first_page, uint index, uint n_kv_heads, uint kv_head, uint lane) {
    const uint cache_head = pages_[first_page + index] * n_kv_heads + kv_head;
    score_page(cache_head, lane);
    softmax_page(index * kPageTokens, lane);
    add_values(cache_head, lane);
}

// Row r's sums over its weights, to `at` and what follows of it.
void store_row(uint r, uint at, uint lane) {
    const float total = sum_of_lanes(total_[r]);
    [[unroll]] for (uint c = 0; c < QUADS; ++c) {
        out_[at + lane * 2 + c / 2 * 16 + c % 2] = sums_[r * QUADS + c] / total;
    }
}
