// loudness_ebur128 FILE: integrated loudness, loudness range and true peak by libebur128, one line of JSON.
//   cc -O2 loudness_ebur128.c -lebur128 -lsndfile -o loudness_ebur128
#include <ebur128.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    SF_INFO info = {0};
    SNDFILE *file = argc == 2 ? sf_open(argv[1], SFM_READ, &info) : NULL;
    if (!file) return fprintf(stderr, "usage: loudness_ebur128 FILE\n"), 2;
    ebur128_state *state = ebur128_init((unsigned)info.channels, (unsigned long)info.samplerate,
                                        EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK);
    const sf_count_t frames = 4800;
    float *samples = malloc(sizeof *samples * (size_t)(frames * info.channels));
    for (sf_count_t n; (n = sf_readf_float(file, samples, frames)) > 0;)
        if (ebur128_add_frames_float(state, samples, (size_t)n) != EBUR128_SUCCESS) return 1;
    double integrated = 0, range = 0, truePeak = 0;
    if (ebur128_loudness_global(state, &integrated) || ebur128_loudness_range(state, &range)) return 1;
    for (int channel = 0; channel < info.channels; channel++) {
        double peak = 0;
        if (ebur128_true_peak(state, (unsigned)channel, &peak)) return 1;
        if (peak > truePeak) truePeak = peak;
    }
    printf("{\"I\": %.4f, \"LRA\": %.4f, \"TP_lin\": %.6f}\n", integrated, range, truePeak);
    ebur128_destroy(&state);
    free(samples);
    sf_close(file);
    return 0;
}
