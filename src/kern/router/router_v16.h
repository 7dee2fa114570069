/* router_v16.h: a row's expert scores by sixteen: router_ref.c's operations. Included by one file per level.
 */
#include "kern/router/router_serial.h"
#include "kern/v16.h"

static void sigmoid(float *scores, const float *logits, int n) {
    fm_v16 one = fm_v16_set1(1.0f);
    for (int e = 0; e < n; e += 16) {
        int part = n - e < 16 ? n - e : 16;
        fm_v16_store_part(scores + e, fm_v16_div(one, fm_v16_one_exp_neg(fm_v16_load_part(logits + e, part))),
                          part);
    }
}

static void softmax(float *scores, const float *logits, int n) {
    fm_v16 low = fm_v16_set1(-INFINITY), max = low, sum = fm_v16_zero();
    for (int e = 0; e < n; e += 16) {
        int part = n - e < 16 ? n - e : 16;
        max = fm_v16_max(fm_v16_first(part, fm_v16_load_part(logits + e, part), low), max);
    }
    max = fm_v16_set1(fm_v16_highest(max));
    for (int e = 0; e < n; e += 16) {
        int part = n - e < 16 ? n - e : 16;
        fm_v16 p = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_load_part(logits + e, part), max));
        sum = fm_v16_add(sum, fm_v16_first(part, p, fm_v16_zero()));
        fm_v16_store_part(scores + e, p, part);
    }
    sum = fm_v16_set1(fm_v16_sum(sum));
    for (int e = 0; e < n; e += 16) {
        int part = n - e < 16 ? n - e : 16;
        fm_v16_store_part(scores + e, fm_v16_div(fm_v16_load_part(scores + e, part), sum), part);
    }
}
