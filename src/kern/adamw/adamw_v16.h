/* adamw_v16.h: the AdamW step by sixteen: adamw_ref.c's operations. Included by one file per level. */
#include "kern/adamw/adamw_serial.h"
#include "kern/lanes.h"
#include "kern/v16.h"

static void update(const fm_adamw_step *s, float *w, float *m, float *v, const float *g, size_t n) {
    fm_v16 clip = fm_v16_set1(s->grad_scale), keep = fm_v16_set1(s->keep), rate = fm_v16_set1(-s->rate);
    fm_v16 beta1 = fm_v16_set1(s->beta1), one_beta1 = fm_v16_set1(s->one_beta1);
    fm_v16 beta2 = fm_v16_set1(s->beta2), one_beta2 = fm_v16_set1(s->one_beta2);
    fm_v16 root_scale = fm_v16_set1(s->root_scale), eps = fm_v16_set1(s->eps);
    for (size_t i = 0; i < n; i += 16) {
        int part = n - i < 16 ? (int)(n - i) : 16;
        fm_v16 d = fm_v16_mul(clip, fm_v16_load_part(g + i, part));
        fm_v16 mean = fm_v16_fma(beta1, fm_v16_load_part(m + i, part), fm_v16_mul(one_beta1, d));
        fm_v16 square =
            fm_v16_fma(beta2, fm_v16_load_part(v + i, part), fm_v16_mul(one_beta2, fm_v16_mul(d, d)));
        fm_v16 root = fm_v16_fma(fm_v16_sqrt(square), root_scale, eps);
        fm_v16 old = fm_v16_mul(keep, fm_v16_load_part(w + i, part));
        fm_v16_store_part(m + i, mean, part);
        fm_v16_store_part(v + i, square, part);
        fm_v16_store_part(w + i, fm_v16_fma(rate, fm_v16_div(mean, root), old), part);
    }
}

/* Sixteen independent lanes of double: the compiler makes vectors of the inner loop. */
static double sum_squares(const float *g, size_t n) {
    double lane[16] = {0};
    size_t whole = n / 16 * 16;
    for (size_t i = 0; i < whole; i += 16)
        for (int l = 0; l < 16; l++) lane[l] += (double)g[i + (size_t)l] * (double)g[i + (size_t)l];
    for (size_t i = whole; i < n; i++) lane[i - whole] += (double)g[i] * (double)g[i];
    return fm_lanes_sum_double(lane);
}
