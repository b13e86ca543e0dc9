// Says the size of its workgroup and the value of another specialization constant.
#version 450
layout(local_size_x_id = 0, local_size_y = 2) in;
layout(constant_id = 1) const uint VALUE = 7;
layout(std430, binding = 0) writeonly buffer To { uint to_[]; };
void main() {
    if (gl_LocalInvocationIndex == 0) {
        to_[0] = gl_WorkGroupSize.x * gl_WorkGroupSize.y;
        to_[1] = VALUE;
    }
}
