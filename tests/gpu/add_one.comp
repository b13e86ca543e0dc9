// data[i] += 1: reads and writes one buffer.
#version 450
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) buffer Data { uint data_[]; };
void main() { data_[gl_GlobalInvocationID.x] += 1; }
