// y = act(gate) * up, where gate and up came from separate products (their formats differ).
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) readonly buffer GateUp { vec4 gate_up_[]; };
layout(std430, binding = 1) writeonly buffer Output { vec4 y_[]; };
layout(std430, binding = 2) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { GluPush p_; };

#include "activation.glsl"

void main() {
    const uint t = gl_WorkGroupID.y;
    if (t >= step_.n_tokens) return;
    const uint n = p_.n / 4;
    const uint i = gl_WorkGroupID.x * LANES + gl_LocalInvocationID.x;
    if (i >= n) return;
    const vec4 gate = gate_up_[t * 2 * n + i];
    y_[t * n + i] = activate(gate, (p_.flags & kMatmulGelu) != 0) * gate_up_[t * 2 * n + n + i];
}
