#ifndef LATHE_CVECTOR_CELLS_H
#define LATHE_CVECTOR_CELLS_H

#include "CVectorLanes.h"
#include "CVectorPCM.h"

// Both ends of a lane group: packed sources straight into lanes, and lanes straight into sums.

// One strip's packed integers (see CVectorPCM.h): `width` bytes a sample, `channels` 1 or 2. NULL is silence.
typedef struct {
    const uint8_t *bytes;
    size_t width;
    size_t channels;
} lathe_packed;

static inline int32_t lathe_packed_sample(lathe_packed strip, size_t frame, size_t channel) {
    const uint8_t *p = strip.bytes + strip.width * (strip.channels * frame + (strip.channels == 2 ? channel : 0));
    return strip.width == 2 ? lathe_high16(p) : (strip.width == 3 ? lathe_high24(p) : lathe_high32(p));
}

// lanes <- four strips, left channels in lanes 0 to 3 and right ones in 4 to 7; one channel goes to both.
static inline void lathe_lanes_from_packed_plain(
    float *lanes, const lathe_packed strips[4], size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (size_t lane = 0; lane < 8; lane++) {
            lathe_packed strip = strips[lane % 4];
            lanes[8 * i + lane] =
                strip.bytes ? (float)lathe_packed_sample(strip, i, lane / 4) * LATHE_SCALE_31 : 0.0f;
        }
}

// Sums over the strips of `groups` lane groups, one after the other, each rounded once to Float32:
// left[s] <- 0 + lane * gain + ... over the strips that are taken, right[s] likewise. `gains` has 8 numbers for each
// sum and group, lane by lane, and `taken` a byte for each, whose bit k is strip k. Products and sums are in Double
// and separate. Returns 1 where all results are finite. `scratch` holds 64 numbers for each group.
static inline int lathe_mix_lanes_plain(
    float *const *left, float *const *right, size_t sums, const float *const *lanes, size_t groups,
    const double *gains, const uint8_t *taken, size_t first, size_t n) {
    float check = 0.0f;
    for (size_t i = first; i < n; i++)
        for (size_t s = 0; s < sums; s++) {
            double l = 0.0, r = 0.0;
            for (size_t g = 0; g < groups; g++)
                for (size_t k = 0; k < 4; k++) {
                    if (!(taken[s * groups + g] >> k & 1)) continue;
                    const double *gain = gains + 8 * (s * groups + g);
                    double x = (double)lanes[g][8 * i + k] * gain[k];
                    double y = (double)lanes[g][8 * i + 4 + k] * gain[4 + k];
                    l += x;
                    r += y;
                }
            left[s][i] = (float)l;
            right[s][i] = (float)r;
            check += left[s][i] * 0.0f;
            check += right[s][i] * 0.0f;
        }
    return check == 0.0f;
}

#if defined(__AVX2__)

// Where the samples of two frames lie, L0 R0 L1 R1 left-justified in 32 bits, in 16 bytes of a strip.
static inline __m256i lathe_packed_order(lathe_packed strip) {
    int8_t order[16];
    for (int i = 0; i < 16; i++) {
        int frame = i / 8, channel = i / 4 % 2, byte = i % 4 - (4 - (int)strip.width);
        int sample = strip.channels == 2 ? 2 * frame + channel : frame;
        order[i] = (int8_t)(byte < 0 ? -1 : (int)strip.width * sample + byte);
    }
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)order));
}

static inline void lathe_store_apart(float *low, float *high, __m256 x) {
    _mm_storeu_ps(low, _mm256_castps256_ps128(x));
    _mm_storeu_ps(high, _mm256_extractf128_ps(x, 1));
}

static inline void lathe_lanes_from_packed(float *lanes, const lathe_packed strips[4], size_t n) {
    static const uint8_t silence[16] = {0};
    const uint8_t *bytes[4];
    size_t strides[4];
    __m256i orders[4];
    size_t beyond = 4;
    for (int k = 0; k < 4; k++) {
        lathe_packed strip = strips[k];
        bytes[k] = strip.bytes ? strip.bytes : silence;
        strides[k] = strip.bytes ? strip.width * strip.channels : 0;
        orders[k] = strip.bytes ? lathe_packed_order(strip) : _mm256_set1_epi8(-1);
        // The last load begins two frames on and takes 16 bytes.
        size_t needed = strip.bytes ? 2 + (15 + strides[k]) / strides[k] : 4;
        if (needed > beyond) beyond = needed;
    }
    const uint8_t *p0 = bytes[0], *p1 = bytes[1], *p2 = bytes[2], *p3 = bytes[3];
    const size_t s0 = strides[0], s1 = strides[1], s2 = strides[2], s3 = strides[3];
    const __m256i o0 = orders[0], o1 = orders[1], o2 = orders[2], o3 = orders[3];
    size_t i = 0;
    for (; i + beyond <= n; i += 4) {
        __m256 a = lathe_scaled(_mm256_shuffle_epi8(lathe_two_loads(p0, p0 + 2 * s0), o0));
        __m256 b = lathe_scaled(_mm256_shuffle_epi8(lathe_two_loads(p1, p1 + 2 * s1), o1));
        __m256 c = lathe_scaled(_mm256_shuffle_epi8(lathe_two_loads(p2, p2 + 2 * s2), o2));
        __m256 d = lathe_scaled(_mm256_shuffle_epi8(lathe_two_loads(p3, p3 + 2 * s3), o3));
        p0 += 4 * s0;
        p1 += 4 * s1;
        p2 += 4 * s2;
        p3 += 4 * s3;
        __m256 ab = _mm256_unpacklo_ps(a, b), cd = _mm256_unpacklo_ps(c, d);
        __m256 ef = _mm256_unpackhi_ps(a, b), gh = _mm256_unpackhi_ps(c, d);
        // Frames 0 (low half) and 2 (high half), then 1 and 3. Stored by halves: there are more ports for that.
        __m256 even_left = _mm256_shuffle_ps(ab, cd, 0x44), even_right = _mm256_shuffle_ps(ab, cd, 0xEE);
        __m256 odd_left = _mm256_shuffle_ps(ef, gh, 0x44), odd_right = _mm256_shuffle_ps(ef, gh, 0xEE);
        float *to = lanes + 8 * i;
        lathe_store_apart(to, to + 16, even_left);
        lathe_store_apart(to + 4, to + 20, even_right);
        lathe_store_apart(to + 8, to + 24, odd_left);
        lathe_store_apart(to + 12, to + 28, odd_right);
    }
    lathe_lanes_from_packed_plain(lanes, strips, i, n);
}

// Adds a group's strips to one sum (l0 l1 r0 r1) or to two at once; `x` is eight frames of each lane.
static inline void lathe_mix_strip(__m256d *sum, const float *x, const double *gain) {
    __m256d of_left = _mm256_broadcast_sd(gain), of_right = _mm256_broadcast_sd(gain + 4);
    sum[0] = _mm256_add_pd(sum[0], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x)), of_left));
    sum[1] = _mm256_add_pd(sum[1], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + 4)), of_left));
    sum[2] = _mm256_add_pd(sum[2], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + 32)), of_right));
    sum[3] = _mm256_add_pd(sum[3], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + 36)), of_right));
}

static inline void lathe_mix_group(__m256d *sum, const float *x, const double *gain, unsigned taken) {
    for (int k = 0; k < 4; k++)
        if (taken >> k & 1) lathe_mix_strip(sum, x + 8 * k, gain + k);
}

// Rounds a sum once, stores it, and returns NaN in some element where it is not finite, else zeros.
static inline __m256 lathe_mix_store(float *left, float *right, const __m256d *sum) {
    __m256 l = _mm256_set_m128(_mm256_cvtpd_ps(sum[1]), _mm256_cvtpd_ps(sum[0]));
    __m256 r = _mm256_set_m128(_mm256_cvtpd_ps(sum[3]), _mm256_cvtpd_ps(sum[2]));
    _mm256_storeu_ps(left, l);
    _mm256_storeu_ps(right, r);
    const __m256 zero = _mm256_setzero_ps();
    return _mm256_add_ps(_mm256_mul_ps(l, zero), _mm256_mul_ps(r, zero));
}

static inline int lathe_mix_lanes(
    float *const *left, float *const *right, size_t sums, const float *const *lanes, size_t groups,
    const double *gains, const uint8_t *taken, float *scratch, size_t n) {
    __m256 check = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t g = 0; g < groups; g++) {
            __m256 r[8];
            for (int k = 0; k < 8; k++) r[k] = _mm256_loadu_ps(lanes[g] + 8 * (i + (size_t)k));
            lathe_transpose8(r);
            for (int lane = 0; lane < 8; lane++) _mm256_storeu_ps(scratch + 64 * g + 8 * lane, r[lane]);
        }
        size_t s = 0;
        for (; s + 2 <= sums; s += 2) {
            const __m256d zero = _mm256_setzero_pd();
            __m256d a[4] = {zero, zero, zero, zero}, b[4] = {zero, zero, zero, zero};
            for (size_t g = 0; g < groups; g++) {
                const float *x = scratch + 64 * g;
                const double *one = gains + 8 * (s * groups + g), *other = one + 8 * groups;
                unsigned takenOne = taken[s * groups + g], takenOther = taken[(s + 1) * groups + g];
                if ((takenOne & takenOther) == 15) {
                    for (int k = 0; k < 4; k++) {
                        lathe_mix_strip(a, x + 8 * k, one + k);
                        lathe_mix_strip(b, x + 8 * k, other + k);
                    }
                } else {
                    lathe_mix_group(a, x, one, takenOne);
                    lathe_mix_group(b, x, other, takenOther);
                }
            }
            check = _mm256_add_ps(check, lathe_mix_store(left[s] + i, right[s] + i, a));
            check = _mm256_add_ps(check, lathe_mix_store(left[s + 1] + i, right[s + 1] + i, b));
        }
        if (s < sums) {
            const __m256d zero = _mm256_setzero_pd();
            __m256d a[4] = {zero, zero, zero, zero};
            for (size_t g = 0; g < groups; g++)
                lathe_mix_group(a, scratch + 64 * g, gains + 8 * (s * groups + g), taken[s * groups + g]);
            check = _mm256_add_ps(check, lathe_mix_store(left[s] + i, right[s] + i, a));
        }
    }
    int finite = _mm256_movemask_ps(_mm256_cmp_ps(check, _mm256_setzero_ps(), _CMP_EQ_OQ)) == 0xFF;
    return lathe_mix_lanes_plain(left, right, sums, lanes, groups, gains, taken, i, n) && finite;
}

#else

static inline void lathe_lanes_from_packed(float *lanes, const lathe_packed strips[4], size_t n) {
    lathe_lanes_from_packed_plain(lanes, strips, 0, n);
}

static inline int lathe_mix_lanes(
    float *const *left, float *const *right, size_t sums, const float *const *lanes, size_t groups,
    const double *gains, const uint8_t *taken, float *scratch, size_t n) {
    (void)scratch;
    return lathe_mix_lanes_plain(left, right, sums, lanes, groups, gains, taken, 0, n);
}

#endif
#endif
