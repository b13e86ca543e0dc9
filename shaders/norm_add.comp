// Post-norm and residual: h += y / rms(y) * post_gain, xg = h * gain of the next norm. RMS norm:
// Zhang and Sennrich 2019. One workgroup a token.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) readonly buffer Input { vec4 y_[]; };
layout(std430, binding = 1) readonly buffer PostGain { vec4 post_gain_[]; };
layout(std430, binding = 2) buffer Residual { vec4 h_[]; };
layout(std430, binding = 3) readonly buffer Gain { vec4 gain_[]; };
layout(std430, binding = 4) writeonly buffer Gained { vec4 xg_[]; };
layout(std430, binding = 5) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { NormAddPush p_; };

shared float sums_[LANES];

void main() {
    const uint t = gl_WorkGroupID.x;
    if (t >= step_.n_tokens) return;
    const uint n = p_.dim / 4;
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < n; i += LANES) {
        const vec4 y = y_[t * n + i];
        sum += dot(y, y);
    }
    sums_[gl_LocalInvocationID.x] = sum;
    barrier();
    sum = 0.0;
    for (uint i = 0; i < LANES; ++i) sum += sums_[i];
    const float factor = inversesqrt(sum / float(p_.dim) + p_.epsilon);
    for (uint i = gl_LocalInvocationID.x; i < n; i += LANES) {
        const vec4 h = h_[t * n + i] + y_[t * n + i] * factor * post_gain_[i];
        h_[t * n + i] = h;
        xg_[t * n + i] = h * gain_[i];
    }
}
