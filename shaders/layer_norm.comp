// h[t] = layer norm of h[t] + y[row] + bias, times gain, plus beta (Ba et al. 2016). `row` is t, or
// the token's position in its text. One workgroup a token.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

layout(std430, binding = 0) readonly buffer Input { vec4 y_[]; };
layout(std430, binding = 1) buffer Residual { vec4 h_[]; };
layout(std430, binding = 2) readonly buffer Bias { vec4 bias_[]; };
layout(std430, binding = 3) readonly buffer Gain { vec4 gain_[]; };
layout(std430, binding = 4) readonly buffer Beta { vec4 beta_[]; };
layout(std430, binding = 5) readonly buffer Places { TokenPlace places_[]; };
layout(std430, binding = 6) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { LayerNormPush p_; };

shared float sums_[LANES];

float sum_of_lanes(float mine) {
    barrier();
    sums_[gl_LocalInvocationID.x] = mine;
    barrier();
    float sum = 0.0;
    for (uint i = 0; i < LANES; ++i) sum += sums_[i];
    return sum;
}

void main() {
    const uint t = gl_WorkGroupID.x;
    if (t >= step_.n_tokens) return;
    const uint n = p_.dim / 4;
    const uint row = (p_.flags & kLayerNormByPosition) != 0 ? places_[t].position : t;
    const uint lane = gl_LocalInvocationID.x;
    const vec4 ones = vec4(1.0);
    float sum = 0.0;
    for (uint i = lane; i < n; i += LANES) {
        const vec4 value = h_[t * n + i] + y_[row * n + i] + bias_[i];
        h_[t * n + i] = value;
        sum += dot(value, ones);
    }
    const float mean = sum_of_lanes(sum) / float(p_.dim);
    float squares = 0.0;
    for (uint i = lane; i < n; i += LANES) {
        const vec4 off = h_[t * n + i] - mean;
        squares += dot(off, off);
    }
    const float factor = inversesqrt(sum_of_lanes(squares) / float(p_.dim) + p_.epsilon);
    for (uint i = lane; i < n; i += LANES) {
        h_[t * n + i] = (h_[t * n + i] - mean) * factor * gain_[i] + beta_[i];
    }
}
