// to[i] = from[i] * factor + offset: one buffer read, one written, push constants.
#version 450
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer From { uint from_[]; };
layout(std430, binding = 1) writeonly buffer To { uint to_[]; };
layout(push_constant) uniform Push {
    uint factor;
    uint offset;
    uint n;
} p_;
void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i < p_.n) to_[i] = from_[i] * p_.factor + p_.offset;
}
