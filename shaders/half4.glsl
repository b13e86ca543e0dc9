// f16 pairs, four at a time.
vec4 low_halves(uvec4 v) {
    return vec4(unpackHalf2x16(v.x).x, unpackHalf2x16(v.y).x, unpackHalf2x16(v.z).x,
                unpackHalf2x16(v.w).x);
}

vec4 high_halves(uvec4 v) {
    return vec4(unpackHalf2x16(v.x).y, unpackHalf2x16(v.y).y, unpackHalf2x16(v.z).y,
                unpackHalf2x16(v.w).y);
}

vec4 halves(uvec2 v) { return vec4(unpackHalf2x16(v.x), unpackHalf2x16(v.y)); }
