// to[i] = from[i], read as texels of words and, bit by bit the same, as texels of floats.
#version 450
layout(local_size_x = 64) in;
layout(binding = 0) uniform usamplerBuffer words_;
layout(binding = 1) uniform samplerBuffer floats_;
layout(std430, binding = 2) writeonly buffer To { uvec4 to_[]; };
void main() {
    const int i = int(gl_GlobalInvocationID.x);
    if (i >= to_.length()) return;
    const uvec4 words = texelFetch(words_, i);
    const bool same = words == floatBitsToUint(texelFetch(floats_, i));
    to_[i] = same ? words : uvec4(0);
}
