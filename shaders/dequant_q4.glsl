// 4 bits: uvec4 o of a block holds k = 8 o .. 8 o + 7, the lowest bits first.
#ifdef FORMAT_Q4S
#define SCALE_ONLY
#define SCALE_CENTER -8.0
#endif
#include "scales.glsl"
#define HAS_MIN 1
#define UNROLL_OCTETS 1
uint at_;
uvec4 bits_;

void load_block(uint block, uint lane) {
    at_ = block * 32 + lane;
    load_scales(block, lane);
}
void load_octet(uint o) { bits_ = weight_quad(at_ + o * 8); }
vec4 octet(uint j) { return vec4(ivec4((bits_ >> (4 * j)) & 15u)); }
