// Weight formats as they lie in device memory (runtime/ops/weight_format.h). A tile is 32 rows; per
// block of 32 k values each of its 8 lanes holds QUADS uvec4 whose component c belongs to row
// 4 * lane + c. Included with one FORMAT_* defined; gives
//   load_block(block, lane)      scales and minima of the lane's four rows
//   load_octet(o), octet(j)      raw value of k = 8 * o + j as a vec4 over the four rows
//   block_scale(h), block_min(h) weight = raw * scale + min, for half h of the block
//   HAS_MIN, UNROLL_OCTETS       1: there is a min; the octets of a block are worth unrolling
#include "weight_planes.glsl"
#if defined(FORMAT_Q4) || defined(FORMAT_Q4S)
#include "dequant_q4.glsl"
#elif defined(FORMAT_Q5) || defined(FORMAT_Q5S)
#include "dequant_q5.glsl"
#elif defined(FORMAT_Q6)
#include "dequant_q6.glsl"
#elif defined(FORMAT_Q8S)
#include "dequant_q8.glsl"
#elif defined(FORMAT_F16) || defined(FORMAT_BF16) || defined(FORMAT_F32)
#include "dequant_float.glsl"
#endif
