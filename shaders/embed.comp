// h[t] = row `token` of the embedding times scale; xg = h times the gain of the first norm. One
// workgroup a token; a token whose row lies in another chunk is left to that chunk's dispatch.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "shared.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;

#include "dequant.glsl"
layout(std430, binding = 2) readonly buffer Tokens { uint tokens_[]; };
layout(std430, binding = 3) readonly buffer Gain { float gain_[]; };
layout(std430, binding = 4) writeonly buffer Residual { float h_[]; };
layout(std430, binding = 5) writeonly buffer Gained { float xg_[]; };
layout(std430, binding = 6) readonly buffer StepBuffer { Step step_; };
layout(push_constant) uniform Push { EmbedPush p_; };

void main() {
    const uint t = gl_WorkGroupID.x;
    if (t >= step_.n_tokens) return;
    const uint token = tokens_[t];
    if (token < p_.first_row || token - p_.first_row >= p_.n_rows) return;
    const uint row = token - p_.first_row;
    const uint lane = row % kTileRows / 4;
    const uint component = row % 4;
    const uint n_blocks = p_.dim / kBlockK;
    for (uint i = gl_LocalInvocationID.x; i < p_.dim / 8; i += LANES) {
        const uint o = i % 4;
        load_block(row / kTileRows * n_blocks + i / 4, lane);
        load_octet(o);
        const float scale = block_scale(o / 2)[component];
        const float low = block_min(o / 2)[component];
        for (uint j = 0; j < 8; ++j) {
            const uint k = i * 8 + j;
            const float value = (octet(j)[component] * scale + low) * p_.scale;
            h_[t * p_.dim + k] = value;
            xg_[t * p_.dim + k] = value * gain_[k];
        }
    }
}
