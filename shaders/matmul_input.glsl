// What matmul.comp multiplies with: x by blocks of 32 k values, and the norm of the residual stream h.
// Before it: LANES, NT, p_, SHARE_X and READ_TEXELS where they are defined.
#ifdef READ_TEXELS
layout(binding = 2) uniform samplerBuffer x_;
layout(binding = 3) uniform samplerBuffer h_;
vec4 x_quad(uint i) { return texelFetch(x_, int(i)); }
vec4 h_quad(uint i) { return texelFetch(h_, int(i)); }
#else
layout(std430, binding = 2) readonly buffer Input { vec4 x_[]; };
layout(std430, binding = 3) readonly buffer Residual { vec4 h_[]; };
vec4 x_quad(uint i) { return x_[i]; }
vec4 h_quad(uint i) { return h_[i]; }
#endif
shared float sums_[LANES];

float sum4(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

#ifdef SHARE_X
vec4 block_x_[NT];
float block_sum_[NT];  // of block_x_
void load_x(uint t0, uint b, uint lane) {
    [[unroll]] for (uint t = 0; t < NT; ++t) {
        block_x_[t] = x_quad(((t0 + t) * p_.x_stride + b * kBlockK) / 4 + lane);
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
        octet_x_[t * 2] = x_quad(at);
        octet_x_[t * 2 + 1] = x_quad(at + 1);
    }
}
float octet_x(uint t, uint o, uint j) { return octet_x_[t * 2 + (j >> 2)][j & 3]; }
float octet_sum(uint t, uint o) { return sum4(octet_x_[t * 2]) + sum4(octet_x_[t * 2 + 1]); }
#endif

// 1 / rms of the residual stream, for the norm whose gain is already in x.
float norm_factor(uint token) {
    float sum = 0.0;
    const uint at = token * p_.k / 4;
    for (uint i = gl_LocalInvocationID.x; i < p_.k / 4; i += LANES) {
        const vec4 h = h_quad(at + i);
        sum += dot(h, h);
    }
#ifdef SHARE_X
    sum += subgroupShuffle(sum, gl_SubgroupInvocationID ^ 4);
    sum += subgroupShuffle(sum, gl_SubgroupInvocationID ^ 2);
    sum += subgroupShuffle(sum, gl_SubgroupInvocationID ^ 1);
    const uint step = kGroupLanes;
#else
    const uint step = 1;
#endif
    if (LANES > step) {
        sums_[gl_LocalInvocationID.x] = sum;
        barrier();
        sum = 0.0;
        for (uint i = 0; i < LANES; i += step) sum += sums_[i];
        barrier();
    }
    return inversesqrt(sum / float(p_.k) + p_.epsilon);
}
