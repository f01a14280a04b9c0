#ifndef LATHE_CVECTOR_GUARD_H
#define LATHE_CVECTOR_GUARD_H

#include <stdint.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// Makes this thread treat denormals as zero, in operands and results, until `lathe_fp_guard_end(saved)`.
// x86-64: FTZ (bit 15) and DAZ (bit 6) of MXCSR. aarch64: FZ (bit 24) of FPCR, which covers both. The
// compiler may move arithmetic across these calls: put them in a function around the one that computes, and
// keep that one from being inlined.
static inline uint32_t lathe_fp_guard_begin(void) {
#if defined(__x86_64__)
    uint32_t saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040u);
    return saved;
#elif defined(__aarch64__)
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" : : "r"(saved | (UINT64_C(1) << 24)));
    return (uint32_t)saved;
#else
#error "no denormal guard for this architecture"
#endif
}

// Restores what `lathe_fp_guard_begin` returned, on the same thread.
static inline void lathe_fp_guard_end(uint32_t saved) {
#if defined(__x86_64__)
    _mm_setcsr(saved);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)saved));
#endif
}

#endif
