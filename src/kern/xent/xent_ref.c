/* xent_ref.c: softmax, loss and gradient of one row of logits in plain C (docs/MODEL.md, "Loss"). Where the
 * token's path ends and the gradient's begins. Refuses nothing. */
#include "base/fmath.h"
#include "kern/lanes.h"
#include "kern/xent/xent_serial.h"

/* loss = max + ln(sum_i e^(x_i - max)) - x_target;  d x_i = scale (e^(x_i - max) / sum - [i = target]) */
static float row(float *logits, int vocab, int target, float scale, bool gradient) {
    float max = -INFINITY, lane[16] = {0}, hit = logits[target];
    for (int i = 0; i < vocab; i++) max = logits[i] > max ? logits[i] : max;
    for (int i = 0; i < vocab; i++) {
        logits[i] = fm_expf(logits[i] - max);
        lane[i % 16] += logits[i];
    }
    float sum = fm_lanes_sum(lane), factor = scale / sum;
    if (gradient) {
        for (int i = 0; i < vocab; i++) logits[i] *= factor;
        logits[target] -= scale;
    }
    return fm_logf(sum) + (max - hit);
}

const fm_xent_kernels fm_xent_ref = {row};
