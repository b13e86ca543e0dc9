// to[i] = from[i], with a hole in the bindings.
#version 450
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer From { uint from_[]; };
layout(std430, binding = 2) writeonly buffer To { uint to_[]; };
void main() { to_[gl_GlobalInvocationID.x] = from_[gl_GlobalInvocationID.x]; }
