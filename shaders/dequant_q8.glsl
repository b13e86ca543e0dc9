// 8 bits, signed: uvec4 q of a block holds k = 4 q .. 4 q + 3, the lowest byte first.
#define SCALE_ONLY
#define SCALE_CENTER 0.0
#include "scales.glsl"
#define HAS_MIN 0
#define UNROLL_OCTETS 1
uint at_;
ivec4 low_;
ivec4 high_;

void load_block(uint block, uint lane) {
    at_ = block * 64 + lane;
    load_scales(block, lane);
}
void load_octet(uint o) {
    low_ = ivec4(weight_quad(at_ + o * 16));
    high_ = ivec4(weight_quad(at_ + o * 16 + 8));
}
vec4 octet(uint j) {
    const ivec4 quad = j < 4 ? low_ : high_;
    return vec4((quad << (24 - 8 * (j & 3))) >> 24);
}
