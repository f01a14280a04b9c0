#ifndef LATHE_CVECTOR_PCM_H
#define LATHE_CVECTOR_PCM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

// Packed PCM is interleaved and little-endian, one channel (`right` is NULL) or two. `n` counts frames.
// Integers become floats by 2^-15, 2^-23 or 2^-31: exact for 16 and 24 bits; 32 bits round to nearest even
// once. No function reads or writes a byte outside of n frames.

#define LATHE_SCALE_31 (1.0f / 2147483648.0f)

// Little-endian hosts only: both of Lathe's are.
static inline int32_t lathe_high16(const uint8_t *p) {
    return (int32_t)((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
}

static inline int32_t lathe_high24(const uint8_t *p) {
    return (int32_t)((uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24);
}

static inline int32_t lathe_high32(const uint8_t *p) {
    int32_t x;
    memcpy(&x, p, 4);
    return x;
}

// MARK: unpack, plain

static inline void lathe_unpack_int16_plain(
    const uint8_t *bytes, float *left, float *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++) {
        left[i] = (float)lathe_high16(bytes + 2 * channels * i) * LATHE_SCALE_31;
        if (right) right[i] = (float)lathe_high16(bytes + 4 * i + 2) * LATHE_SCALE_31;
    }
}

static inline void lathe_unpack_int24_plain(
    const uint8_t *bytes, float *left, float *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++) {
        left[i] = (float)lathe_high24(bytes + 3 * channels * i) * LATHE_SCALE_31;
        if (right) right[i] = (float)lathe_high24(bytes + 6 * i + 3) * LATHE_SCALE_31;
    }
}

static inline void lathe_unpack_int32_plain(
    const uint8_t *bytes, float *left, float *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++) {
        left[i] = (float)lathe_high32(bytes + 4 * channels * i) * LATHE_SCALE_31;
        if (right) right[i] = (float)lathe_high32(bytes + 8 * i + 4) * LATHE_SCALE_31;
    }
}

// Floats are copied bit by bit, NaN payloads included.
static inline void lathe_unpack_float32_plain(
    const uint8_t *bytes, float *left, float *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++) {
        memcpy(left + i, bytes + 4 * channels * i, 4);
        if (right) memcpy(right + i, bytes + 8 * i + 4, 4);
    }
}

// MARK: pack, plain. Samples beyond the range of the format are clipped to it.

static inline int32_t lathe_clip(int32_t x, int32_t top) {
    return x > top ? top : (x < -top - 1 ? -top - 1 : x);
}

static inline void lathe_pack_int16_plain(
    uint8_t *bytes, const int32_t *left, const int32_t *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++) {
            int32_t x = lathe_clip(c ? right[i] : left[i], 0x7FFF);
            uint8_t *p = bytes + 2 * (channels * i + c);
            p[0] = (uint8_t)x;
            p[1] = (uint8_t)(x >> 8);
        }
}

static inline void lathe_pack_int24_plain(
    uint8_t *bytes, const int32_t *left, const int32_t *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++)
        for (size_t c = 0; c < channels; c++) {
            int32_t x = lathe_clip(c ? right[i] : left[i], 0x7FFFFF);
            uint8_t *p = bytes + 3 * (channels * i + c);
            p[0] = (uint8_t)x;
            p[1] = (uint8_t)(x >> 8);
            p[2] = (uint8_t)(x >> 16);
        }
}

static inline void lathe_pack_float32_plain(
    uint8_t *bytes, const float *left, const float *right, size_t first, size_t n) {
    size_t channels = right ? 2 : 1;
    for (size_t i = first; i < n; i++) {
        memcpy(bytes + 4 * channels * i, left + i, 4);
        if (right) memcpy(bytes + 8 * i + 4, right + i, 4);
    }
}

// The upper 24 bits of n samples, as 3-byte integers.
static inline void lathe_pack_high24_plain(uint8_t *bytes, const int32_t *samples, size_t first, size_t n) {
    for (size_t i = first; i < n; i++) {
        uint32_t x = (uint32_t)samples[i];
        bytes[3 * i] = (uint8_t)(x >> 8);
        bytes[3 * i + 1] = (uint8_t)(x >> 16);
        bytes[3 * i + 2] = (uint8_t)(x >> 24);
    }
}

// MARK: byte order, plain: n samples of `width` bytes (2, 3 or 4), in place

static inline void lathe_swap_bytes_plain(uint8_t *bytes, size_t width, size_t first, size_t n) {
    for (size_t i = first; i < n; i++) {
        uint8_t *p = bytes + width * i, *q = p + width - 1;
        uint8_t x = *p;
        *p = *q;
        *q = x;
        if (width == 4) {
            x = p[1];
            p[1] = p[2];
            p[2] = x;
        }
    }
}

#if defined(__AVX2__)

// MARK: unpack, AVX2

static inline __m256 lathe_scaled(__m256i x) {
    return _mm256_mul_ps(_mm256_cvtepi32_ps(x), _mm256_set1_ps(LATHE_SCALE_31));
}

static inline __m256i lathe_two_loads(const uint8_t *low, const uint8_t *high) {
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)low);
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(a), _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

// Both channels of eight frames, from L0 L1 R0 R1 L4 L5 R4 R5 and L2 L3 R2 R3 L6 L7 R6 R7.
static inline void lathe_store_halves(float *left, float *right, __m256 a, __m256 b) {
    __m256d x = _mm256_castps_pd(a), y = _mm256_castps_pd(b);
    _mm256_storeu_ps(left, _mm256_castpd_ps(_mm256_unpacklo_pd(x, y)));
    _mm256_storeu_ps(right, _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)));
}

static inline void lathe_unpack_int16(const uint8_t *bytes, float *left, float *right, size_t n) {
    size_t i = 0;
    if (right) {
        for (; i + 8 <= n; i += 8) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 4 * i));
            _mm256_storeu_ps(left + i, lathe_scaled(_mm256_slli_epi32(x, 16)));
            _mm256_storeu_ps(right + i, lathe_scaled(_mm256_and_si256(x, _mm256_set1_epi32(-65536))));
        }
    } else {
        for (; i + 8 <= n; i += 8) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 2 * i));
            _mm256_storeu_ps(left + i, lathe_scaled(_mm256_slli_epi32(_mm256_cvtepi16_epi32(x), 16)));
        }
    }
    lathe_unpack_int16_plain(bytes, left, right, i, n);
}

static inline void lathe_unpack_int24(const uint8_t *bytes, float *left, float *right, size_t n) {
    size_t i = 0;
    if (right) {
        const __m256i halves = _mm256_setr_epi8(
            -1, 0, 1, 2, -1, 6, 7, 8, -1, 3, 4, 5, -1, 9, 10, 11,
            -1, 0, 1, 2, -1, 6, 7, 8, -1, 3, 4, 5, -1, 9, 10, 11);
        // The last load reads 4 bytes beyond its two frames, so one more frame must follow.
        for (; i + 9 <= n; i += 8) {
            const uint8_t *p = bytes + 6 * i;
            __m256i a = _mm256_shuffle_epi8(lathe_two_loads(p, p + 24), halves);
            __m256i b = _mm256_shuffle_epi8(lathe_two_loads(p + 12, p + 36), halves);
            lathe_store_halves(left + i, right + i, lathe_scaled(a), lathe_scaled(b));
        }
    } else {
        const __m256i order = _mm256_setr_epi8(
            -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11,
            -1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11);
        for (; i + 10 <= n; i += 8) {
            const uint8_t *p = bytes + 3 * i;
            __m256i x = _mm256_shuffle_epi8(lathe_two_loads(p, p + 12), order);
            _mm256_storeu_ps(left + i, lathe_scaled(x));
        }
    }
    lathe_unpack_int24_plain(bytes, left, right, i, n);
}

static inline void lathe_unpack_int32(const uint8_t *bytes, float *left, float *right, size_t n) {
    size_t i = 0;
    if (right) {
        for (; i + 8 <= n; i += 8) {
            const uint8_t *p = bytes + 8 * i;
            __m256i a = _mm256_shuffle_epi32(lathe_two_loads(p, p + 32), 0xD8);
            __m256i b = _mm256_shuffle_epi32(lathe_two_loads(p + 16, p + 48), 0xD8);
            lathe_store_halves(left + i, right + i, lathe_scaled(a), lathe_scaled(b));
        }
    } else {
        for (; i + 8 <= n; i += 8) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 4 * i));
            _mm256_storeu_ps(left + i, lathe_scaled(x));
        }
    }
    lathe_unpack_int32_plain(bytes, left, right, i, n);
}

static inline void lathe_unpack_float32(const uint8_t *bytes, float *left, float *right, size_t n) {
    if (!right) {
        memcpy(left, bytes, 4 * n);
        return;
    }
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint8_t *p = bytes + 8 * i;
        __m256i a = _mm256_shuffle_epi32(lathe_two_loads(p, p + 32), 0xD8);
        __m256i b = _mm256_shuffle_epi32(lathe_two_loads(p + 16, p + 48), 0xD8);
        lathe_store_halves(left + i, right + i, _mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
    }
    lathe_unpack_float32_plain(bytes, left, right, i, n);
}

// MARK: pack, AVX2

static inline __m256i lathe_load8(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

static inline void lathe_pack_int16(uint8_t *bytes, const int32_t *left, const int32_t *right, size_t n) {
    size_t i = 0;
    if (right) {
        for (; i + 8 <= n; i += 8) {
            __m256i l = lathe_load8(left + i), r = lathe_load8(right + i);
            __m256i x = _mm256_packs_epi32(_mm256_unpacklo_epi32(l, r), _mm256_unpackhi_epi32(l, r));
            _mm256_storeu_si256((__m256i *)(void *)(bytes + 4 * i), x);
        }
    } else {
        for (; i + 16 <= n; i += 16) {
            __m256i x = _mm256_packs_epi32(lathe_load8(left + i), lathe_load8(left + i + 8));
            _mm256_storeu_si256((__m256i *)(void *)(bytes + 2 * i), _mm256_permute4x64_epi64(x, 0xD8));
        }
    }
    lathe_pack_int16_plain(bytes, left, right, i, n);
}

// Stores the low 12 bytes of both halves, then 4 bytes that the next store or the tail overwrites.
static inline void lathe_store_twelves(uint8_t *low, uint8_t *high, __m256i x) {
    _mm_storeu_si128((__m128i *)(void *)low, _mm256_castsi256_si128(x));
    _mm_storeu_si128((__m128i *)(void *)high, _mm256_extracti128_si256(x, 1));
}

static inline void lathe_pack_int24(uint8_t *bytes, const int32_t *left, const int32_t *right, size_t n) {
    const __m256i top = _mm256_set1_epi32(0x7FFFFF), bottom = _mm256_set1_epi32(-0x800000);
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
        0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    size_t i = 0;
    if (right) {
        for (; i + 9 <= n; i += 8) {
            uint8_t *p = bytes + 6 * i;
            __m256i l = _mm256_max_epi32(_mm256_min_epi32(lathe_load8(left + i), top), bottom);
            __m256i r = _mm256_max_epi32(_mm256_min_epi32(lathe_load8(right + i), top), bottom);
            __m256i a = _mm256_shuffle_epi8(_mm256_unpacklo_epi32(l, r), order);  // frames 0 1, 4 5
            __m256i b = _mm256_shuffle_epi8(_mm256_unpackhi_epi32(l, r), order);  // frames 2 3, 6 7
            lathe_store_twelves(p, p + 12, _mm256_permute2x128_si256(a, b, 0x20));
            lathe_store_twelves(p + 24, p + 36, _mm256_permute2x128_si256(a, b, 0x31));
        }
    } else {
        for (; i + 10 <= n; i += 8) {
            uint8_t *p = bytes + 3 * i;
            __m256i x = _mm256_max_epi32(_mm256_min_epi32(lathe_load8(left + i), top), bottom);
            lathe_store_twelves(p, p + 12, _mm256_shuffle_epi8(x, order));
        }
    }
    lathe_pack_int24_plain(bytes, left, right, i, n);
}

static inline void lathe_pack_float32(uint8_t *bytes, const float *left, const float *right, size_t n) {
    if (!right) {
        memcpy(bytes, left, 4 * n);
        return;
    }
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i l = lathe_load8(left + i), r = lathe_load8(right + i);
        __m256i a = _mm256_unpacklo_epi32(l, r), b = _mm256_unpackhi_epi32(l, r);
        __m256i *p = (__m256i *)(void *)(bytes + 8 * i);
        _mm256_storeu_si256(p, _mm256_permute2x128_si256(a, b, 0x20));
        _mm256_storeu_si256(p + 1, _mm256_permute2x128_si256(a, b, 0x31));
    }
    lathe_pack_float32_plain(bytes, left, right, i, n);
}

static inline void lathe_pack_high24(uint8_t *bytes, const int32_t *samples, size_t n) {
    const __m256i order = _mm256_setr_epi8(
        1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, -1, -1, -1, -1,
        1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, -1, -1, -1, -1);
    size_t i = 0;
    for (; i + 10 <= n; i += 8) {
        uint8_t *p = bytes + 3 * i;
        lathe_store_twelves(p, p + 12, _mm256_shuffle_epi8(lathe_load8(samples + i), order));
    }
    lathe_pack_high24_plain(bytes, samples, i, n);
}

// MARK: byte order, AVX2

static inline void lathe_swap_bytes(uint8_t *bytes, size_t width, size_t n) {
    // Five 3-byte samples to a step; byte 15 is left as it is.
    const __m128i triples = _mm_setr_epi8(2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 15);
    const __m128i pairs = _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    const __m128i quads = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    const __m128i order = width == 2 ? pairs : (width == 3 ? triples : quads);
    size_t step = 16 / width, i = 0;
    for (; width * i + 16 <= width * n; i += step) {
        __m128i *p = (__m128i *)(void *)(bytes + width * i);
        _mm_storeu_si128(p, _mm_shuffle_epi8(_mm_loadu_si128(p), order));
    }
    lathe_swap_bytes_plain(bytes, width, i, n);
}

#else

static inline void lathe_unpack_int16(const uint8_t *bytes, float *left, float *right, size_t n) {
    lathe_unpack_int16_plain(bytes, left, right, 0, n);
}

static inline void lathe_unpack_int24(const uint8_t *bytes, float *left, float *right, size_t n) {
    lathe_unpack_int24_plain(bytes, left, right, 0, n);
}

static inline void lathe_unpack_int32(const uint8_t *bytes, float *left, float *right, size_t n) {
    lathe_unpack_int32_plain(bytes, left, right, 0, n);
}

static inline void lathe_unpack_float32(const uint8_t *bytes, float *left, float *right, size_t n) {
    lathe_unpack_float32_plain(bytes, left, right, 0, n);
}

static inline void lathe_pack_int16(uint8_t *bytes, const int32_t *left, const int32_t *right, size_t n) {
    lathe_pack_int16_plain(bytes, left, right, 0, n);
}

static inline void lathe_pack_int24(uint8_t *bytes, const int32_t *left, const int32_t *right, size_t n) {
    lathe_pack_int24_plain(bytes, left, right, 0, n);
}

static inline void lathe_pack_float32(uint8_t *bytes, const float *left, const float *right, size_t n) {
    lathe_pack_float32_plain(bytes, left, right, 0, n);
}

static inline void lathe_pack_high24(uint8_t *bytes, const int32_t *samples, size_t n) {
    lathe_pack_high24_plain(bytes, samples, 0, n);
}

static inline void lathe_swap_bytes(uint8_t *bytes, size_t width, size_t n) {
    lathe_swap_bytes_plain(bytes, width, 0, n);
}

#endif
#endif
