// y[t] = W x[t] for a tile of 32 rows and NT tokens; see runtime/ops/matmul.h. Lanes work in groups
// of 8 that own the rows of the tile, 4 a lane; the groups of a workgroup take turns along k.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SHARE_X
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint NT = 1;
const uint GROUPS = LANES / kGroupLanes;

#include "dequant.glsl"
layout(std430, binding = 2) readonly buffer Input { vec4 x_[]; };
layout(std430, binding = 3) readonly buffer Residual { vec4 h_[]; };
layout(std430, binding = 4) buffer Output { float y_[]; };
layout(std430, binding = 5) readonly buffer Gain { float gain_[]; };
layout(std430, binding = 6) writeonly buffer Gained { float xg_[]; };
layout(std430, binding = 7) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { MatmulPush p_; };

shared vec4 partial_[LANES * NT];        // sums of each lane, added up over the groups by product()
shared vec4 gate_[kGroupLanes * NT];
shared float sums_[LANES];
shared float factor_[NT];                 // of the input's norm

vec4 acc_[NT];

#include "activation.glsl"

float sum4(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

#ifdef SHARE_X
vec4 block_x_[NT];
float block_sum_[NT];  // of block_x_
void load_x(uint t0, uint b, uint lane) {
    [[unroll]] for (uint t = 0; t < NT; ++t) {
        block_x_[t] = x_[((t0 + t) * p_.x_stride + b * kBlockK) / 4 + lane];
        block_sum_[t] = sum4(block_x_[t]);
    }
}
void load_octet_x(uint t0, uint b, uint o) {}
float octet_x(uint t, uint o, uint j) {
    return subgroupShuffle(block_x_[t][j & 3], o * 2 + (j >> 2));
}
float octet_sum(uint t, uint o) {
    return subgroupShuffle(block_sum_[t], o * 2) + subgroupShuffle(block_sum_[t], o * 2 + 1);
}
#else
vec4 octet_x_[NT * 2];
void load_x(uint t0, uint b, uint lane) {}
void load_octet_x(uint t0, uint b, uint o) {
    [[unroll]] for (uint t = 0; t < NT; ++t) {
        const uint at = ((t0 + t) * p_.x_stride + b * kBlockK + o * 8) / 4;
        octet_x_[t * 2] = x_[at];
        octet_x_[t * 2 + 1] = x_[at + 1];
    }
}
float octet_x(uint t, uint o, uint j) { return octet_x_[t * 2 + (j >> 2)][j & 3]; }
float octet_sum(uint t, uint o) { return sum4(octet_x_[t * 2]) + sum4(octet_x_[t * 2 + 1]); }
#endif

// An octet of k: raw products are summed before they are scaled, whatever NT is, so that a token's
// sums do not depend on how many there are.
vec4 part_[NT];
void add_octet(uint t0, uint b, uint o) {
    load_octet_x(t0, b, o);
    [[unroll]] for (uint t = 0; t < NT; ++t) part_[t] = vec4(0.0);
    [[unroll]] for (uint j = 0; j < 8; ++j) {
        const vec4 w = octet(j);
        [[unroll]] for (uint t = 0; t < NT; ++t) part_[t] += w * octet_x(t, o, j);
    }
    const vec4 scale = block_scale(o / 2);
    [[unroll]] for (uint t = 0; t < NT; ++t) acc_[t] += scale * part_[t];
    if (HAS_MIN != 0) {
        const vec4 low = block_min(o / 2);
        [[unroll]] for (uint t = 0; t < NT; ++t) acc_[t] += low * octet_sum(t, o);
    }
}

// partial_ = rows of tile `tile` times x, one sum a lane and token.
void multiply_tile(uint tile, uint t0, uint lane, uint group) {
    const uint n_blocks = p_.k / kBlockK;
    [[unroll]] for (uint t = 0; t < NT; ++t) acc_[t] = vec4(0.0);
    for (uint b = group; b < n_blocks; b += GROUPS) {
        load_block(tile * n_blocks + b, lane);
        load_x(t0, b, lane);
        // Unrolled for one token only: drivers that compile for CPUs take seconds over long bodies.
        if (NT == 1 && UNROLL_OCTETS != 0) {
            [[unroll]] for (uint o = 0; o < 4; ++o) {
                load_octet(o);
                add_octet(t0, b, o);
            }
            continue;
        }
        [[dont_unroll]] for (uint o = 0; o < 4; ++o) {
            load_octet(o);
            add_octet(t0, b, o);
        }
    }
    [[unroll]] for (uint t = 0; t < NT; ++t) {
        partial_[t * LANES + gl_LocalInvocationID.x] = acc_[t];
    }
    if (GROUPS > 1) barrier();
}

vec4 product(uint t, uint lane) {
    vec4 sum = partial_[t * LANES + lane];
    for (uint g = 1; g < GROUPS; ++g) sum += partial_[t * LANES + g * kGroupLanes + lane];
    return sum * factor_[t];
}

// 1 / rms of the residual stream, for the norm whose gain is already in x.
float norm_factor(uint token) {
    float sum = 0.0;
    const uint at = token * p_.k / 4;
    for (uint i = gl_LocalInvocationID.x; i < p_.k / 4; i += LANES) {
        const vec4 h = h_[at + i];
        sum += dot(h, h);
    }
    sums_[gl_LocalInvocationID.x] = sum;
    barrier();
    sum = 0.0;
    for (uint i = 0; i < LANES; ++i) sum += sums_[i];
    barrier();
    return inversesqrt(sum / float(p_.k) + p_.epsilon);
}

void store(uint token, uint row, float value) {
    const uint at = token * p_.y_stride + p_.y_offset + row;
    if ((p_.flags & kMatmulAdd) != 0) {
        value += y_[at];
        xg_[at] = value * gain_[row + p_.y_offset];
    }
    y_[at] = value;
}

void main() {
    const uint lane = gl_LocalInvocationID.x % kGroupLanes;
    const uint group = gl_LocalInvocationID.x / kGroupLanes;
    const bool last = (p_.flags & kMatmulLast) != 0;
    const bool score = (p_.flags & kMatmulScore) != 0;
    const bool gated = (p_.flags & kMatmulGated) != 0;
    const uint first = score ? step_.score_first : (last ? step_.n_tokens - 1 : p_.first_token);
    const uint t0 = first + gl_WorkGroupID.y * NT;
    if (t0 >= step_.n_tokens) return;

    [[dont_unroll]] for (uint t = 0; t < NT; ++t) {
        const float factor = (p_.flags & kMatmulNorm) != 0 ? norm_factor(t0 + t) : 1.0;
        factor_[t] = factor;
    }
    const uint passes = gated ? 2 : 1;
    const uint n_tokens = min(NT, step_.n_tokens - t0);
    const uint tile0 = gl_WorkGroupID.x * p_.tiles_each * passes;
    const uint end = min(p_.tiles, (gl_WorkGroupID.x + 1) * p_.tiles_each) * passes;
    [[dont_unroll]] for (uint tile = tile0; tile < end; ++tile) {
        if (GROUPS > 1) barrier();
        multiply_tile(tile, t0, lane, group);
        if (group != 0) continue;
        const uint pass = gated ? tile & 1 : 0;
        const uint row0 = (gated ? tile / 2 : tile) * kTileRows + lane * 4;
        [[dont_unroll]] for (uint t = 0; t < n_tokens; ++t) {
            vec4 value = product(t, lane);
            if (gated && pass == 0) {
                gate_[t * kGroupLanes + lane] = activate(value, (p_.flags & kMatmulGelu) != 0);
                continue;
            }
            if (gated) value *= gate_[t * kGroupLanes + lane];
            for (uint c = 0; c < min(4, p_.n_rows - min(p_.n_rows, row0)); ++c) {
                store(t0 - first + t, row0 + c, value[c]);
            }
        }
    }
}
