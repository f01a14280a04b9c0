// What this processor does at most with the equalizer's arithmetic: four sections in the p,r form in cascade on eight
// Float32 lanes, as C with the vector flags that Lathe is built with, and without anything around it.
//
//     gcc -O3 -mavx2 -mfma -ffp-contract=fast bound.c -o bound && taskset -c 0 ./bound
//
// Prints thousand millions of section-samples a second, the best of nine rounds: one cascade, two independent ones in
// turns (which hide each other's latencies but have twice the state), and additions that wait for each other, one a
// cycle: the clock at that moment.
#include <immintrin.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef float lanes __attribute__((vector_size(32)));
typedef struct { lanes p, r, stepP, stepR, difference, rate; } section;
enum { FRAMES = 512, TURNS = 20000, ROUNDS = 9 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static inline __attribute__((always_inline)) lanes step(section *s, lanes x) {
    lanes t = x - s->p;
    lanes y = x + s->difference * t + s->rate * s->r;
    s->p = (s->p + s->r) + s->stepP * t;
    s->r = s->r + s->stepR * t;
    return y;
}

static __attribute__((noinline)) void one(lanes *block, section *state) {
    section a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < FRAMES; i++) block[i] = step(&d, step(&c, step(&b, step(&a, block[i]))));
    state[0] = a, state[1] = b, state[2] = c, state[3] = d;
}

static __attribute__((noinline)) void two(lanes *block, lanes *other, section *state) {
    section a = state[0], b = state[1], c = state[2], d = state[3];
    section e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < FRAMES; i++) {
        block[i] = step(&d, step(&c, step(&b, step(&a, block[i]))));
        other[i] = step(&h, step(&g, step(&f, step(&e, other[i]))));
    }
    state[0] = a, state[1] = b, state[2] = c, state[3] = d;
    state[4] = e, state[5] = f, state[6] = g, state[7] = h;
}

int main(void) {
    static lanes block[FRAMES], other[FRAMES], source[FRAMES];
    section state[8];
    memset(state, 0, sizeof state);
    _mm_setcsr(_mm_getcsr() | 0x8040);
    for (int i = 0; i < FRAMES; i++)
        for (int lane = 0; lane < 8; lane++) source[i][lane] = (i * 7919 + lane * 31) % 1000 / 1000.f - 0.5f;
    for (int k = 0; k < 8; k++)
        for (int lane = 0; lane < 8; lane++) {
            state[k].stepP[lane] = 0.1f + 0.01f * k, state[k].stepR[lane] = 0.01f;
            state[k].difference[lane] = 0.02f, state[k].rate[lane] = -0.01f;
        }
    for (int cascades = 1; cascades <= 2; cascades++) {
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double began = now();
            for (int turn = 0; turn < TURNS; turn++) {
                if (turn % 8 == 0) memcpy(block, source, sizeof block), memcpy(other, source, sizeof other);
                if (cascades == 1) one(block, state);
                else two(block, other, state);
            }
            double rate = 1e-9 * TURNS * FRAMES * 8 * 4 * cascades / (now() - began);
            if (rate > best) best = rate;
        }
        printf("%d cascade%s: %.2f G section-samples/s\n", cascades, cascades > 1 ? "s" : "", best);
    }
    unsigned long sum = 0;
    double began = now();
    for (long i = 0; i < 1000000000L; i++) __asm__ volatile("add $1, %0" : "+r"(sum));
    printf("clock: %.2f GHz\n", sum / (now() - began) / 1e9);
    return block[3][2] > 1e9f;
}
