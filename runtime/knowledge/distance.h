// How near two vectors are.
#pragma once

#include <cstdint>

namespace alv::knowledge {

// The sum of a[i] * b[i]. Of two vectors of length 1 that is the cosine of their angle.
using Dot = float (*)(const float* a, const float* b, uint32_t n);

// The fastest that this machine runs.
Dot best_dot();
float plain_dot(const float* a, const float* b, uint32_t n);

// Makes the length 1; false for a vector of zeros or one with a number that is not finite.
bool normalize(float* vector, uint32_t n);

}  // namespace alv::knowledge
