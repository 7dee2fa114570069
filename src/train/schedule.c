/* schedule.c: see schedule.h. Our own cosine, so that the rate has the same bits on every libm. Refuses
 * nothing: the recipe has checked the fields. */
#include "train/schedule.h"

#include "base/fmath.h"

/* Half a cosine from 1 (x = 0) to `low` (x = 1). */
static double half_cosine(double x, double low) {
    double sine, cosine;
    fm_sincos(x * 3.14159265358979323846, &sine, &cosine);
    return low + (1 - low) * 0.5 * (1 + cosine);
}

static double v3_share(double x) {
    const double flat = 10.0 / 14.8, fall = 4.3 / 14.8, low = 333.0 / 14800;
    if (x < flat) return 1;
    if (x < flat + fall) return half_cosine((x - flat) / fall, 0.1);
    return x < flat + fall + low ? 0.1 : 7.3 / 220;
}

double fm_schedule_lr(const fm_schedule *s, int64_t step) {
    if (step >= s->steps) step = s->steps - 1;
    if (step < s->warmup) return s->peak * (double)(step + 1) / (double)s->warmup;
    /* x runs from just above 0 to 1 over the steps after the warm-up: the last step has the final rate */
    double x = (double)(step - s->warmup + 1) / (double)(s->steps - s->warmup);
    switch (s->shape) {
    case FM_LR_COSINE: return s->peak * half_cosine(x, s->final);
    case FM_LR_WSD:
        if (x <= 1 - s->decay) return s->peak;
        return s->peak * (1 - (1 - s->final) * (x - (1 - s->decay)) / s->decay);
    case FM_LR_V3: return s->peak * v3_share(x);
    case FM_LR_CONSTANT: break;
    }
    return s->peak;
}
