// y[t] = y[t] + bias, or GELU of it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) buffer Output { vec4 y_[]; };
layout(std430, binding = 1) readonly buffer Bias { vec4 bias_[]; };
layout(std430, binding = 2) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { BiasPush p_; };

#include "gelu_erf.glsl"

void main() {
    const uint t = gl_WorkGroupID.y;
    if (t >= step_.n_tokens) return;
    const uint n = p_.n / 4;
    const uint i = gl_WorkGroupID.x * LANES + gl_LocalInvocationID.x;
    if (i >= n) return;
    const vec4 value = y_[t * n + i] + bias_[i];
    y_[t * n + i] = (p_.flags & kBiasGelu) != 0 ? gelu_erf(value) : value;
}
