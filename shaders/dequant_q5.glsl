// 5 bits: four uvec4 of low nibbles as in q4, then one of fifth bits (bit k of the component).
#ifdef FORMAT_Q5S
#define SCALE_ONLY
#define SCALE_CENTER -16.0
#endif
#include "scales.glsl"
#define HAS_MIN 1
#define UNROLL_OCTETS 1
uint at_;
uvec4 bits_;
uvec4 fifth_;
uvec4 high_;

void load_block(uint block, uint lane) {
    at_ = block * 40 + lane;
    fifth_ = weight_quad(at_ + 32);
    load_scales(block, lane);
}
void load_octet(uint o) {
    bits_ = weight_quad(at_ + o * 8);
    high_ = (fifth_ >> (8 * o)) << 4;
}
vec4 octet(uint j) {
    return vec4(ivec4(((bits_ >> (4 * j)) & 15u) | ((high_ >> j) & 16u)));
}
