#ifndef LATHE_CVECTOR_LANES_H
#define LATHE_CVECTOR_LANES_H

#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// A lane frame is eight consecutive floats, one per lane: `lanes[8 * frame + lane]`, the layout of
// SIMD8<Float>. No pointer needs an alignment beyond that of its element. Arrays must not overlap.

// lanes <- planes. A plane that is NULL is silence.
static inline void lathe_lanes_from_planar_plain(
    float *lanes, const float *const planes[8], size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (int lane = 0; lane < 8; lane++) lanes[8 * i + lane] = planes[lane] ? planes[lane][i] : 0.0f;
}

// planes <- lanes. A plane that is NULL is not written.
static inline void lathe_planar_from_lanes_plain(
    float *const planes[8], const float *lanes, size_t first, size_t n) {
    for (int lane = 0; lane < 8; lane++)
        if (planes[lane])
            for (size_t i = first; i < n; i++) planes[lane][i] = lanes[8 * i + lane];
}

// planes <- planes + lanes, in Float32. A plane that is NULL is not written.
static inline void lathe_planar_add_lanes_plain(
    float *const planes[8], const float *lanes, size_t first, size_t n) {
    for (int lane = 0; lane < 8; lane++)
        if (planes[lane])
            for (size_t i = first; i < n; i++) planes[lane][i] += lanes[8 * i + lane];
}

// left <- left + lane 0 + lane 1 + lane 2 + lane 3, right likewise from lanes 4 to 7: in Double, one
// addition after the other in that order, so a sum over several cells has one fixed shape.
static inline void lathe_sum_lanes_plain(
    double *left, double *right, const float *lanes, size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (int lane = 0; lane < 4; lane++) {
            left[i] += (double)lanes[8 * i + lane];
            right[i] += (double)lanes[8 * i + 4 + lane];
        }
}

#if defined(__AVX2__)

static inline void lathe_transpose8(__m256 r[8]) {
    __m256 a0 = _mm256_unpacklo_ps(r[0], r[1]), a1 = _mm256_unpackhi_ps(r[0], r[1]);
    __m256 a2 = _mm256_unpacklo_ps(r[2], r[3]), a3 = _mm256_unpackhi_ps(r[2], r[3]);
    __m256 a4 = _mm256_unpacklo_ps(r[4], r[5]), a5 = _mm256_unpackhi_ps(r[4], r[5]);
    __m256 a6 = _mm256_unpacklo_ps(r[6], r[7]), a7 = _mm256_unpackhi_ps(r[6], r[7]);
    __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44), b1 = _mm256_shuffle_ps(a0, a2, 0xEE);
    __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44), b3 = _mm256_shuffle_ps(a1, a3, 0xEE);
    __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44), b5 = _mm256_shuffle_ps(a4, a6, 0xEE);
    __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44), b7 = _mm256_shuffle_ps(a5, a7, 0xEE);
    r[0] = _mm256_permute2f128_ps(b0, b4, 0x20);
    r[1] = _mm256_permute2f128_ps(b1, b5, 0x20);
    r[2] = _mm256_permute2f128_ps(b2, b6, 0x20);
    r[3] = _mm256_permute2f128_ps(b3, b7, 0x20);
    r[4] = _mm256_permute2f128_ps(b0, b4, 0x31);
    r[5] = _mm256_permute2f128_ps(b1, b5, 0x31);
    r[6] = _mm256_permute2f128_ps(b2, b6, 0x31);
    r[7] = _mm256_permute2f128_ps(b3, b7, 0x31);
}

static inline void lathe_lanes_from_planar(float *lanes, const float *const planes[8], size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 r[8];
        for (int lane = 0; lane < 8; lane++)
            r[lane] = planes[lane] ? _mm256_loadu_ps(planes[lane] + i) : _mm256_setzero_ps();
        lathe_transpose8(r);
        for (int k = 0; k < 8; k++) _mm256_storeu_ps(lanes + 8 * (i + (size_t)k), r[k]);
    }
    lathe_lanes_from_planar_plain(lanes, planes, i, n);
}

static inline void lathe_planar_from_lanes(float *const planes[8], const float *lanes, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 r[8];
        for (int k = 0; k < 8; k++) r[k] = _mm256_loadu_ps(lanes + 8 * (i + (size_t)k));
        lathe_transpose8(r);
        for (int lane = 0; lane < 8; lane++)
            if (planes[lane]) _mm256_storeu_ps(planes[lane] + i, r[lane]);
    }
    lathe_planar_from_lanes_plain(planes, lanes, i, n);
}

static inline void lathe_planar_add_lanes(float *const planes[8], const float *lanes, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 r[8];
        for (int k = 0; k < 8; k++) r[k] = _mm256_loadu_ps(lanes + 8 * (i + (size_t)k));
        lathe_transpose8(r);
        for (int lane = 0; lane < 8; lane++)
            if (planes[lane])
                _mm256_storeu_ps(planes[lane] + i, _mm256_add_ps(_mm256_loadu_ps(planes[lane] + i), r[lane]));
    }
    lathe_planar_add_lanes_plain(planes, lanes, i, n);
}

static inline void lathe_sum_lanes(double *left, double *right, const float *lanes, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 r[8];
        for (int k = 0; k < 8; k++) r[k] = _mm256_loadu_ps(lanes + 8 * (i + (size_t)k));
        lathe_transpose8(r);
        for (int half = 0; half < 2; half++) {
            double *l = left + i + 4 * half, *h = right + i + 4 * half;
            __m256d sumLeft = _mm256_loadu_pd(l), sumRight = _mm256_loadu_pd(h);
            for (int lane = 0; lane < 4; lane++) {
                __m128 a = half ? _mm256_extractf128_ps(r[lane], 1) : _mm256_castps256_ps128(r[lane]);
                __m128 b = half ? _mm256_extractf128_ps(r[lane + 4], 1) : _mm256_castps256_ps128(r[lane + 4]);
                sumLeft = _mm256_add_pd(sumLeft, _mm256_cvtps_pd(a));
                sumRight = _mm256_add_pd(sumRight, _mm256_cvtps_pd(b));
            }
            _mm256_storeu_pd(l, sumLeft);
            _mm256_storeu_pd(h, sumRight);
        }
    }
    lathe_sum_lanes_plain(left, right, lanes, i, n);
}

#elif defined(__aarch64__)

static inline void lathe_transpose4(float32x4_t r[4]) {
    float32x4_t a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]);
    float32x4_t c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(a), vget_low_f32(c));
    r[1] = vcombine_f32(vget_low_f32(b), vget_low_f32(d));
    r[2] = vcombine_f32(vget_high_f32(a), vget_high_f32(c));
    r[3] = vcombine_f32(vget_high_f32(b), vget_high_f32(d));
}

static inline void lathe_lanes_from_planar(float *lanes, const float *const planes[8], size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int half = 0; half < 8; half += 4) {
            float32x4_t r[4];
            for (int k = 0; k < 4; k++)
                r[k] = planes[half + k] ? vld1q_f32(planes[half + k] + i) : vdupq_n_f32(0.0f);
            lathe_transpose4(r);
            for (int k = 0; k < 4; k++) vst1q_f32(lanes + 8 * (i + (size_t)k) + half, r[k]);
        }
    lathe_lanes_from_planar_plain(lanes, planes, i, n);
}

static inline void lathe_planar_from_lanes(float *const planes[8], const float *lanes, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int half = 0; half < 8; half += 4) {
            float32x4_t r[4];
            for (int k = 0; k < 4; k++) r[k] = vld1q_f32(lanes + 8 * (i + (size_t)k) + half);
            lathe_transpose4(r);
            for (int k = 0; k < 4; k++)
                if (planes[half + k]) vst1q_f32(planes[half + k] + i, r[k]);
        }
    lathe_planar_from_lanes_plain(planes, lanes, i, n);
}

static inline void lathe_planar_add_lanes(float *const planes[8], const float *lanes, size_t n) {
    lathe_planar_add_lanes_plain(planes, lanes, 0, n);
}

static inline void lathe_sum_lanes(double *left, double *right, const float *lanes, size_t n) {
    lathe_sum_lanes_plain(left, right, lanes, 0, n);
}

#else

static inline void lathe_lanes_from_planar(float *lanes, const float *const planes[8], size_t n) {
    lathe_lanes_from_planar_plain(lanes, planes, 0, n);
}

static inline void lathe_planar_from_lanes(float *const planes[8], const float *lanes, size_t n) {
    lathe_planar_from_lanes_plain(planes, lanes, 0, n);
}

static inline void lathe_planar_add_lanes(float *const planes[8], const float *lanes, size_t n) {
    lathe_planar_add_lanes_plain(planes, lanes, 0, n);
}

static inline void lathe_sum_lanes(double *left, double *right, const float *lanes, size_t n) {
    lathe_sum_lanes_plain(left, right, lanes, 0, n);
}

#endif
/// Replaces four doubles, none of them negative, by their square roots, correctly rounded as IEEE 754 asks.
static inline void lathe_square_roots(double *values) {
    typedef double Four __attribute__((ext_vector_type(4)));
    Four four = {values[0], values[1], values[2], values[3]};
    four = __builtin_elementwise_sqrt(four);
    for (int i = 0; i < 4; i++) values[i] = four[i];
}

#endif
