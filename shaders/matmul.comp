// y[t] = W x[t] for tiles of 32 rows and NT tokens; see runtime/ops/matmul.h. Lanes work in groups
// of 8 that own the rows of a tile, 4 a lane; the groups of a workgroup take turns along k. SHARE_X: a
// group is a subgroup, whose lanes hand their part of x round; what is read is read as texels.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SHARE_X
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#define READ_TEXELS
#endif
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint NT = 1;
const uint GROUPS = LANES / kGroupLanes;
#ifdef SHARE_X
const uint TILES = NT == 1 ? 2 : 1;  // that a pass over x serves
#else
const uint TILES = 1;
#endif

#include "dequant.glsl"
layout(std430, binding = 4) buffer Output { float y_[]; };
layout(std430, binding = 4) buffer OutputQuads { vec4 y_quads_[]; };
layout(std430, binding = 5) readonly buffer Gain { float gain_[]; };
layout(std430, binding = 5) readonly buffer GainQuads { vec4 gain_quads_[]; };
layout(std430, binding = 6) writeonly buffer Gained { float xg_[]; };
layout(std430, binding = 6) writeonly buffer GainedQuads { vec4 xg_quads_[]; };
layout(std430, binding = 7) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { MatmulPush p_; };
#include "matmul_input.glsl"

shared vec4 partial_[LANES * NT * TILES];  // sums of each lane, added up over the groups by product()
shared vec4 gate_[kGroupLanes * NT];
shared float factor_[NT];                  // of the input's norm

vec4 acc_[NT * TILES];

#include "activation.glsl"

// An octet of k: raw products are summed before they are scaled, whatever NT is, so that a token's
// sums do not depend on how many there are.
vec4 part_[NT];
void add_octet(uint t0, uint b, uint o, uint i) {
    load_octet_x(t0, b, o);
    [[unroll]] for (uint t = 0; t < NT; ++t) part_[t] = vec4(0.0);
    [[unroll]] for (uint j = 0; j < 8; ++j) {
        const vec4 w = octet(j);
        [[unroll]] for (uint t = 0; t < NT; ++t) part_[t] += w * octet_x(t, o, j);
    }
    const vec4 scale = block_scale(o / 2);
    [[unroll]] for (uint t = 0; t < NT; ++t) acc_[i * NT + t] += scale * part_[t];
    if (HAS_MIN != 0) {
        const vec4 low = block_min(o / 2);
        [[unroll]] for (uint t = 0; t < NT; ++t) acc_[i * NT + t] += low * octet_sum(t, o);
    }
}

void multiply_block(uint tile, uint t0, uint b, uint lane, uint i) {
    load_block((tile + i) * (p_.k / kBlockK) + b, lane);
    // Unrolled for one token only: drivers that compile for CPUs take seconds over long bodies.
    if (NT == 1 && UNROLL_OCTETS != 0) {
        [[unroll]] for (uint o = 0; o < 4; ++o) {
            load_octet(o);
            add_octet(t0, b, o, i);
        }
        return;
    }
    [[dont_unroll]] for (uint o = 0; o < 4; ++o) {
        load_octet(o);
        add_octet(t0, b, o, i);
    }
}

// The rows of TILES tiles times x, one sum a lane and token. `more`: of the tiles behind the first.
void multiply_tiles(uint tile, uint more, uint t0, uint lane, uint group) {
    [[unroll]] for (uint i = 0; i < TILES * NT; ++i) acc_[i] = vec4(0.0);
    for (uint b = group; b < p_.k / kBlockK; b += GROUPS) {
        load_x(t0, b, lane);
        multiply_block(tile, t0, b, lane, 0);
        if (TILES > 1) multiply_block(tile + more - 1, t0, b, lane, 1);
    }
    if (NT == 1 && GROUPS == 1) return;
    [[unroll]] for (uint i = 0; i < TILES * NT; ++i) {
        partial_[i * LANES + gl_LocalInvocationID.x] = acc_[i];
    }
    if (GROUPS > 1) barrier();
}

vec4 product(uint i, uint t, uint lane) {
    if (NT == 1 && GROUPS == 1) return acc_[i] * factor_[0];
    const uint at = (i * NT + t) * LANES + lane;
    vec4 sum = partial_[at];
    for (uint g = 1; g < GROUPS; ++g) sum += partial_[at + g * kGroupLanes];
    return sum * factor_[t];
}

// Four rows of a lane, as many of them as there are.
void store(uint token, uint row, vec4 value) {
    const uint at = token * p_.y_stride + p_.y_offset + row;
    const bool add = (p_.flags & kMatmulAdd) != 0;
    if ((p_.flags & kMatmulQuads) != 0) {
        if (row >= p_.n_rows) return;
        if (add) {
            value += y_quads_[at / 4];
            xg_quads_[at / 4] = value * gain_quads_[(row + p_.y_offset) / 4];
        }
        y_quads_[at / 4] = value;
        return;
    }
    for (uint c = 0; c < min(4, p_.n_rows - min(p_.n_rows, row)); ++c) {
        if (add) {
            value[c] += y_[at + c];
            xg_[at + c] = value[c] * gain_[row + p_.y_offset + c];
        }
        y_[at + c] = value[c];
    }
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
    [[dont_unroll]] for (uint tile = tile0; tile < end; tile += TILES) {
        if (GROUPS > 1) barrier();
        const uint more = min(TILES, end - tile) - 1;  // the last may be alone
        multiply_tiles(tile, more, t0, lane, group);
        if (group != 0) continue;
        [[dont_unroll]] for (uint t = 0; t < n_tokens; ++t) {
            const uint token = t0 - first + t;
            vec4 value = product(0, t, lane);
            if (!gated) {
                store(token, tile * kTileRows + lane * 4, value);
                if (TILES > 1 && more != 0) {
                    store(token, (tile + 1) * kTileRows + lane * 4, product(1, t, lane));
                }
                continue;
            }
            // Tiles alternate gate, up.
            if (TILES > 1 || (tile & 1) == 0) value = activate(value, (p_.flags & kMatmulGelu) != 0);
            if (TILES > 1) {
                value *= product(1, t, lane);
            } else if ((tile & 1) == 0) {
                gate_[t * kGroupLanes + lane] = value;
                continue;
            } else {
                value *= gate_[t * kGroupLanes + lane];
            }
            store(token, tile / 2 * kTileRows + lane * 4, value);
        }
    }
}
