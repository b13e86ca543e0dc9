// f16 and bf16: uvec4 q of a block holds k = 2 q, 2 q + 1. f32: uvec4 q holds k = q. The scale plane
// is not read.
#include "half4.glsl"
#define HAS_MIN 0
#define UNROLL_OCTETS 0
vec4 block_scale(uint h) { return vec4(1.0); }
vec4 block_min(uint h) { return vec4(0.0); }
uint at_;
uint at_octet_;

#ifdef FORMAT_F32
void load_block(uint block, uint lane) { at_ = block * 256 + lane; }
void load_octet(uint o) { at_octet_ = at_ + o * 64; }
vec4 octet(uint j) { return uintBitsToFloat(weight_quad(at_octet_ + j * 8)); }
#else
void load_block(uint block, uint lane) { at_ = block * 128 + lane; }
void load_octet(uint o) { at_octet_ = at_ + o * 32; }
vec4 octet(uint j) {
    const uvec4 pair = weight_quad(at_octet_ + (j >> 1) * 8);
#ifdef FORMAT_BF16
    return uintBitsToFloat((j & 1) == 0 ? pair << 16 : pair & 0xffff0000u);
#else
    return (j & 1) == 0 ? low_halves(pair) : high_halves(pair);
#endif
}
#endif
