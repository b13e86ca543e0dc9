// The scale plane: a pair (scale, min) of f16 a row and block, or a scale alone.
#include "half4.glsl"

#ifdef SCALE_ONLY
vec4 scale_;
void load_scales(uint block, uint lane) { scale_ = halves(scale_pair(block * 8 + lane)); }
vec4 block_scale(uint h) { return scale_; }
vec4 block_min(uint h) { return scale_ * SCALE_CENTER; }
#else
vec4 scale_;
vec4 min_;
void load_scales(uint block, uint lane) {
    const uvec4 pair = scale_quad(block * 8 + lane);
    scale_ = low_halves(pair);
    min_ = high_halves(pair);
}
vec4 block_scale(uint h) { return scale_; }
vec4 block_min(uint h) { return min_; }
#endif
