// 6 bits: four uvec4 of low nibbles as in q4, then two of high pairs (16 k values each). The scale
// plane holds two scales a row and block, one for each half.
#include "half4.glsl"
#define HAS_MIN 1
#define UNROLL_OCTETS 1
uint at_;
uvec4 bits_;
uvec4 high_;
uvec4 first_highs_;
uvec4 last_highs_;
uvec4 scale_pair_;

void load_block(uint block, uint lane) {
    at_ = block * 48 + lane;
    first_highs_ = weight_quad(at_ + 32);
    last_highs_ = weight_quad(at_ + 40);
    scale_pair_ = scale_quad(block * 8 + lane);
}
vec4 block_scale(uint h) { return h == 0 ? low_halves(scale_pair_) : high_halves(scale_pair_); }
vec4 block_min(uint h) { return block_scale(h) * -32.0; }
void load_octet(uint o) {
    bits_ = weight_quad(at_ + o * 8);
    high_ = ((o < 2 ? first_highs_ : last_highs_) >> (16 * (o & 1))) << 4;
}
vec4 octet(uint j) {
    return vec4(ivec4(((bits_ >> (4 * j)) & 15u) | ((high_ >> (2 * j)) & 48u)));
}
