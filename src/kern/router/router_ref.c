/* router_ref.c: a row's expert scores in plain C (docs/MODEL.md, "Router"). Refuses nothing. */
#include "base/fmath.h"
#include "kern/lanes.h"
#include "kern/router/router_serial.h"

/* V3: s = 1 / (1 + e^-x) */
static void sigmoid(float *scores, const float *logits, int n) {
    for (int e = 0; e < n; e++) scores[e] = fm_sigmoidf(logits[e]);
}

/* V2: s = e^(x - max) / sum */
static void softmax(float *scores, const float *logits, int n) {
    float max = -INFINITY, lane[16] = {0};
    for (int e = 0; e < n; e++) max = logits[e] > max ? logits[e] : max;
    for (int e = 0; e < n; e++) {
        scores[e] = fm_expf(logits[e] - max);
        lane[e % 16] += scores[e];
    }
    float sum = fm_lanes_sum(lane);
    for (int e = 0; e < n; e++) scores[e] /= sum;
}

const fm_router_kernels fm_router_ref = {sigmoid, softmax};
