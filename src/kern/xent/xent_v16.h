/* xent_v16.h: softmax, loss and gradient of one row by sixteen: xent_ref.c's operations. Included by one file
 * per level. */
#include "kern/v16.h"
#include "kern/xent/xent_serial.h"

static float highest(const float *x, int n) {
    fm_v16 low = fm_v16_set1(-INFINITY), a = low, b = low;
    int i = 0;
    for (; i + 32 <= n; i += 32) { /* two chains: a maximum has no order */
        a = fm_v16_max(fm_v16_load(x + i), a);
        b = fm_v16_max(fm_v16_load(x + i + 16), b);
    }
    for (; i < n; i += 16) {
        int part = n - i < 16 ? n - i : 16;
        a = fm_v16_max(fm_v16_first(part, fm_v16_load_part(x + i, part), low), a);
    }
    return fm_v16_highest(fm_v16_max(a, b));
}

/* x becomes e^(x - max); returns the sum. */
static float exponentials(float *x, int n, float max) {
    fm_v16 m = fm_v16_set1(max), sum = fm_v16_zero();
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        fm_v16 p = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_load(x + i), m));
        fm_v16_store(x + i, p);
        sum = fm_v16_add(sum, p);
    }
    if (i < n) {
        fm_v16 p = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_load_part(x + i, n - i), m));
        fm_v16_store_part(x + i, p, n - i);
        sum = fm_v16_add(sum, fm_v16_first(n - i, p, fm_v16_zero()));
    }
    return fm_v16_sum(sum);
}

static float row(float *logits, int vocab, int target, float scale, bool gradient) {
    float max = highest(logits, vocab), hit = logits[target], sum = exponentials(logits, vocab, max);
    if (gradient) {
        fm_v16 factor = fm_v16_set1(scale / sum);
        int i = 0;
        for (; i + 16 <= vocab; i += 16)
            fm_v16_store(logits + i, fm_v16_mul(fm_v16_load(logits + i), factor));
        for (; i < vocab; i++) logits[i] *= scale / sum;
        logits[target] -= scale;
    }
    return fm_logf(sum) + (max - hit);
}
