/* rope_table.c: the angles of rope.h: plain RoPE and YaRN's blend (Peng et al. 2023, arXiv 2309.00071,
 * section 3.2, in the form of DeepSeek's published rotary embedding). Made once per model, in double. Refuses
 * nothing. */
#include "base/fmath.h"
#include "kern/rope/rope.h"

static const double PI = 3.14159265358979323846;

/* 0.1 m ln(factor) + 1: how much attention is sharpened for the longer context. */
static double mscale_of(double factor, double m) {
    return factor <= 1 ? 1.0 : 0.1 * m * fm_log(factor) + 1.0;
}

/* The (real) index of the frequency that turns `rotations` times within the original context. */
static double correction_dim(const fm_rope_spec *s, double rotations) {
    return s->size * fm_log(s->original_positions / (rotations * 2 * PI)) / (2 * fm_log(s->theta));
}

/* Frequency i: theta^(-2i/size). YaRN keeps those that turn more than beta_fast times, divides those that
 * turn less than beta_slow times by factor, and blends linearly between the two indices. */
static double frequency(const fm_rope_spec *s, int i) {
    double plain = fm_pow(s->theta, -2.0 * i / s->size);
    if (s->factor <= 1) return plain;
    double low = __builtin_floor(correction_dim(s, s->beta_fast)),
           high = __builtin_ceil(correction_dim(s, s->beta_slow));
    if (low < 0) low = 0;
    if (high > s->size - 1) high = s->size - 1;
    if (high == low) high += 0.001; /* as published: no division by zero */
    double ramp = (i - low) / (high - low);
    ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
    return plain / s->factor * ramp + plain * (1 - ramp);
}

void fm_rope_table(float *table, const fm_rope_spec *spec, int first, int positions) {
    double scale = mscale_of(spec->factor, spec->mscale) / mscale_of(spec->factor, spec->mscale_all_dim);
    int half = spec->size / 2;
    for (int i = 0; i < half; i++) {
        double f = frequency(spec, i);
        for (int p = 0; p < positions; p++) {
            double sine, cosine;
            fm_sincos((first + p) * f, &sine, &cosine);
            table[((size_t)p * (size_t)half + (size_t)i) * 2] = (float)(cosine * scale);
            table[((size_t)p * (size_t)half + (size_t)i) * 2 + 1] = (float)(sine * scale);
        }
    }
}

double fm_rope_softmax_factor(const fm_rope_spec *spec) {
    double m = mscale_of(spec->factor, spec->mscale_all_dim);
    return m * m;
}
