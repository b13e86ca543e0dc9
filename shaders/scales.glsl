// The scale plane: a pair (scale, min) of f16 a row and block, or a scale alone.
#include "half4.glsl"

#ifdef SCALE_ONLY
layout(std430, binding = 1) readonly buffer Scales { uvec2 scales_[]; };
vec4 scale_;
void load_scales(uint block, uint lane) { scale_ = halves(scales_[block * 8 + lane]); }
vec4 block_scale(uint h) { return scale_; }
vec4 block_min(uint h) { return scale_ * SCALE_CENTER; }
#else
layout(std430, binding = 1) readonly buffer Scales { uvec4 scales_[]; };
vec4 scale_;
vec4 min_;
void load_scales(uint block, uint lane) {
    const uvec4 pair = scales_[block * 8 + lane];
    scale_ = low_halves(pair);
    min_ = high_halves(pair);
}
vec4 block_scale(uint h) { return scale_; }
vec4 block_min(uint h) { return min_; }
#endif
