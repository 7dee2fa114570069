/* adamw_ref.c: one AdamW step and the sum of squares in plain C. The end of a gradient's path. Refuses
 * nothing. */
#include "base/fmath.h"
#include "kern/adamw/adamw_serial.h"
#include "kern/lanes.h"

/* g' = c g;  m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2;
 * w = (1 - lr decay) w - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps) */
static void update(const fm_adamw_step *s, float *w, float *m, float *v, const float *g, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float d = s->grad_scale * g[i];
        m[i] = fm_fmaf(s->beta1, m[i], s->one_beta1 * d);
        v[i] = fm_fmaf(s->beta2, v[i], s->one_beta2 * (d * d));
        float root = fm_fmaf(fm_sqrtf(v[i]), s->root_scale, s->eps);
        w[i] = fm_fmaf(-s->rate, m[i] / root, s->keep * w[i]);
    }
}

static double sum_squares(const float *g, size_t n) {
    double lane[16] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % 16] += (double)g[i] * (double)g[i]; /* the product is exact in double */
    return fm_lanes_sum_double(lane);
}

const fm_adamw_kernels fm_adamw_ref = {update, sum_squares};
