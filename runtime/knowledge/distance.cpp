#include "knowledge/distance.h"

#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#define ALV_HAS_AVX2_DOT 1
#include <immintrin.h>
#endif

namespace alv::knowledge {
namespace {

#ifdef ALV_HAS_AVX2_DOT
__attribute__((target("avx2,fma"))) float avx2_dot(const float* a, const float* b, uint32_t n) {
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = _mm256_setzero_ps();
    __m256 sum2 = _mm256_setzero_ps();
    __m256 sum3 = _mm256_setzero_ps();
    uint32_t i = 0;
    for (; i + 32 <= n; i += 32) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
        sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), sum2);
        sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), sum3);
    }
    const __m256 sum = _mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3));
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    half = _mm_add_ss(half, _mm_movehdup_ps(half));
    float out = _mm_cvtss_f32(half);
    for (; i < n; ++i) out += a[i] * b[i];
    return out;
}
#endif

Dot choose_dot() {
#ifdef ALV_HAS_AVX2_DOT
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_dot;
#endif
    return plain_dot;
}

}  // namespace

float plain_dot(const float* a, const float* b, uint32_t n) {
    float sums[8] = {};  // eight at a time: the compiler may use what registers it has
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (uint32_t j = 0; j < 8; ++j) sums[j] += a[i + j] * b[i + j];
    }
    for (; i < n; ++i) sums[0] += a[i] * b[i];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

Dot best_dot() {
    static const Dot best = choose_dot();
    return best;
}

bool normalize(float* vector, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; ++i) sum += static_cast<double>(vector[i]) * vector[i];
    if (!std::isfinite(sum) || sum < 1e-30) return false;
    const double scale = 1 / std::sqrt(sum);
    for (uint32_t i = 0; i < n; ++i) vector[i] = static_cast<float>(vector[i] * scale);
    return true;
}

}  // namespace alv::knowledge
