// The planes of a weight, in uvec4: storage, or texels where READ_TEXELS is defined.
#ifdef READ_TEXELS
layout(binding = 0) uniform usamplerBuffer weights_;
layout(binding = 1) uniform usamplerBuffer scales_;
uvec4 weight_quad(uint i) { return texelFetch(weights_, int(i)); }
uvec4 scale_quad(uint i) { return texelFetch(scales_, int(i)); }
uvec2 scale_pair(uint i) {
    const uvec4 quad = scale_quad(i >> 1);
    return (i & 1) == 0 ? quad.xy : quad.zw;
}
#else
layout(std430, binding = 0) readonly buffer Weights { uvec4 weights_[]; };
layout(std430, binding = 1) readonly buffer Scales { uvec4 scales_[]; };
layout(std430, binding = 1) readonly buffer ScalePairs { uvec2 scale_pairs_[]; };
uvec4 weight_quad(uint i) { return weights_[i]; }
uvec4 scale_quad(uint i) { return scales_[i]; }
uvec2 scale_pair(uint i) { return scale_pairs_[i]; }
#endif
