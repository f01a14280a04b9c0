#ifndef LATHE_CVECTOR_PLANES_H
#define LATHE_CVECTOR_PLANES_H

#include "CVectorPCM.h"

// Packed PCM of any number of channels, as CVectorPCM.h defines it, into one plane per channel: frame i of channel c
// goes to planes[c][at + i]. One and two channels have faster functions there, with the same bits. No function reads
// or writes a byte outside of n frames.

// MARK: plain

static inline void lathe_unpack_planes_int16_plain(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            planes[c][at + i] = (float)lathe_high16(bytes + 2 * (channels * i + c)) * LATHE_SCALE_31;
}

static inline void lathe_unpack_planes_int24_plain(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            planes[c][at + i] = (float)lathe_high24(bytes + 3 * (channels * i + c)) * LATHE_SCALE_31;
}

static inline void lathe_unpack_planes_int32_plain(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            planes[c][at + i] = (float)lathe_high32(bytes + 4 * (channels * i + c)) * LATHE_SCALE_31;
}

static inline void lathe_unpack_planes_float32_plain(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t first, size_t n) {
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++) memcpy(planes[c] + at + i, bytes + 4 * (channels * i + c), 4);
}

#if defined(__AVX2__)

// MARK: AVX2: eight frames of four channels at a time, turned on their diagonal

// Four samples of one channel group in frame `low` and in frame `high`, left-justified in 32 bits. Loads 16 bytes
// from each (8 of 16-bit samples); those beyond the group are not used.
static inline __m256i lathe_quads(const uint8_t *low, const uint8_t *high, size_t width) {
    if (width == 2) {
        const __m256i order = _mm256_setr_epi8(
            -1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7,
            -1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7);
        __m128i a = _mm_loadl_epi64((const __m128i *)(const void *)low);
        __m128i b = _mm_loadl_epi64((const __m128i *)(const void *)high);
        return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1), order);
    }
    if (width == 3) {
        const __m256i order = _mm256_setr_epi8(
            -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11,
            -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11);
        return _mm256_shuffle_epi8(lathe_two_loads(low, high), order);
    }
    return lathe_two_loads(low, high);
}

// Unpacks three or more channels and returns the first frame that is left to the plain loop. `width` and `isFloat`
// are constants where this is called.
__attribute__((always_inline)) static inline size_t lathe_unpack_planes_eights(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n, size_t width, int isFloat) {
    size_t stride = width * channels, i = 0;
    if (channels < 3) return 0;
    // The last group starts four channels before the end, so that every load but those of three channels stays within
    // 16 bytes of its frame's end.
    size_t last = channels < 4 ? 0 : channels - 4;
    for (; (i + 8) * stride + 16 <= n * stride; i += 8) {
        const uint8_t *frame = bytes + stride * i;
        for (size_t c = 0;; c = c + 4 > last ? last : c + 4) {
            const uint8_t *p = frame + width * c;
            __m256i r0 = lathe_quads(p, p + 4 * stride, width);
            __m256i r1 = lathe_quads(p + stride, p + 5 * stride, width);
            __m256i r2 = lathe_quads(p + 2 * stride, p + 6 * stride, width);
            __m256i r3 = lathe_quads(p + 3 * stride, p + 7 * stride, width);
            __m256i a = _mm256_unpacklo_epi32(r0, r1), b = _mm256_unpackhi_epi32(r0, r1);
            __m256i d = _mm256_unpacklo_epi32(r2, r3), e = _mm256_unpackhi_epi32(r2, r3);
            __m256i x0 = _mm256_unpacklo_epi64(a, d), x1 = _mm256_unpackhi_epi64(a, d);
            __m256i x2 = _mm256_unpacklo_epi64(b, e), x3 = _mm256_unpackhi_epi64(b, e);
            size_t to = at + i;
            _mm256_storeu_ps(planes[c] + to, isFloat ? _mm256_castsi256_ps(x0) : lathe_scaled(x0));
            _mm256_storeu_ps(planes[c + 1] + to, isFloat ? _mm256_castsi256_ps(x1) : lathe_scaled(x1));
            _mm256_storeu_ps(planes[c + 2] + to, isFloat ? _mm256_castsi256_ps(x2) : lathe_scaled(x2));
            if (channels > 3)
                _mm256_storeu_ps(planes[c + 3] + to, isFloat ? _mm256_castsi256_ps(x3) : lathe_scaled(x3));
            if (c == last) break;
        }
    }
    return i;
}

static inline void lathe_unpack_planes_int16(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    size_t first = lathe_unpack_planes_eights(bytes, planes, channels, at, n, 2, 0);
    lathe_unpack_planes_int16_plain(bytes, planes, channels, at, first, n);
}

static inline void lathe_unpack_planes_int24(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    size_t first = lathe_unpack_planes_eights(bytes, planes, channels, at, n, 3, 0);
    lathe_unpack_planes_int24_plain(bytes, planes, channels, at, first, n);
}

static inline void lathe_unpack_planes_int32(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    size_t first = lathe_unpack_planes_eights(bytes, planes, channels, at, n, 4, 0);
    lathe_unpack_planes_int32_plain(bytes, planes, channels, at, first, n);
}

static inline void lathe_unpack_planes_float32(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    size_t first = lathe_unpack_planes_eights(bytes, planes, channels, at, n, 4, 1);
    lathe_unpack_planes_float32_plain(bytes, planes, channels, at, first, n);
}

#else

static inline void lathe_unpack_planes_int16(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    lathe_unpack_planes_int16_plain(bytes, planes, channels, at, 0, n);
}

static inline void lathe_unpack_planes_int24(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    lathe_unpack_planes_int24_plain(bytes, planes, channels, at, 0, n);
}

static inline void lathe_unpack_planes_int32(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    lathe_unpack_planes_int32_plain(bytes, planes, channels, at, 0, n);
}

static inline void lathe_unpack_planes_float32(
    const uint8_t *bytes, float *const *planes, size_t channels, size_t at, size_t n) {
    lathe_unpack_planes_float32_plain(bytes, planes, channels, at, 0, n);
}

#endif

#endif
