// Causal attention as in attention.comp, by attention_subgroup.glsl. A workgroup takes one kv head and
// ROWS rows.
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

layout(std430, binding = 0) readonly buffer Queries { vec4 q_[]; };
layout(std430, binding = 1) readonly buffer KeyCache { uvec4 k_cache_[]; };
layout(std430, binding = 2) readonly buffer ValueCache { uvec4 v_cache_[]; };
layout(std430, binding = 3) writeonly buffer Output { vec4 out_[]; };
layout(std430, binding = 4) readonly buffer StepBuffer { Step steps_[]; };
layout(std430, binding = 5) readonly buffer PageTable { uint pages_[]; };
layout(push_constant) uniform Push { AttentionPush p_; };

#define SEES_ITSELF 1
#include "attention_subgroup.glsl"

void main() {
    const uint lane = gl_SubgroupInvocationID;
    const uint kv_head = gl_WorkGroupID.x;
    const uint heads_each = p_.n_heads / p_.n_kv_heads;
    const uint sequence = gl_WorkGroupID.z;  // one, unless each has one token
    const uint n_rows = steps_[sequence].n_own * heads_each;
    const uint row0 = gl_WorkGroupID.y * ROWS;
    if (row0 >= n_rows) return;

    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = min(row0 + r, n_rows - 1);
        const uint head = kv_head * heads_each + row % heads_each;
        const uint at = ((sequence + row / heads_each) * p_.qkv_stride + head * HEAD_DIM) / 4 + lane;
        position_[r] = steps_[sequence].position + row / heads_each;
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
        attend_page(steps_[sequence].first_page, index, p_.n_kv_heads, kv_head, lane);
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const uint row = row0 + r;
        if (row >= n_rows) break;
        const uint head = kv_head * heads_each + row % heads_each;
        store_row(r, ((sequence + row / heads_each) * p_.n_heads + head) * (HEAD_DIM / 4), lane);
    }
}
