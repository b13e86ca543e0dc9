// out[i] = the mean of the tokens of text i, scaled to length 1. One workgroup a text; the step says
// how many texts there are.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 64;

layout(std430, binding = 0) readonly buffer Residual { vec4 h_[]; };
layout(std430, binding = 1) readonly buffer Texts { TokenPlace texts_[]; };
layout(std430, binding = 2) buffer Output { vec4 out_[]; };
layout(std430, binding = 3) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { PoolPush p_; };

shared float sums_[LANES];

void main() {
    const uint text = gl_WorkGroupID.x;
    if (text >= step_.n_tokens) return;
    const uint n = p_.dim / 4;
    const uint lane = gl_LocalInvocationID.x;
    const uint first = texts_[text].first;
    const uint end = texts_[text].end;
    float squares = 0.0;
    for (uint i = lane; i < n; i += LANES) {
        vec4 sum = vec4(0.0);
        for (uint t = first; t < end; ++t) sum += h_[t * n + i];
        sum /= float(end - first);
        squares += dot(sum, sum);
        out_[text * n + i] = sum;
    }
    sums_[lane] = squares;
    barrier();
    squares = 0.0;
    for (uint i = 0; i < LANES; ++i) squares += sums_[i];
    const float factor = inversesqrt(max(squares, 1e-24));
    for (uint i = lane; i < n; i += LANES) out_[text * n + i] *= factor;
}
