/* permute_ref.c: moving rows to their experts and back, in plain C (docs/MODEL.md, "Mixture of experts").
 * Around the expert products, on the token's path and back. Refuses nothing. */
#include "base/fmath.h"
#include "kern/lanes.h"
#include "kern/permute/permute_serial.h"

/* y[t] += w[t, 0] in[slot 0] + w[t, 1] in[slot 1] + ... */
static void combine(const fm_permute *plan, float *y, const float *in, const float *weights, int size,
                    int row, int row_end) {
    for (int t = row; t < row_end; t++)
        for (int j = 0; j < plan->top_k; j++) {
            size_t choice = (size_t)t * (size_t)plan->top_k + (size_t)j;
            const float *from = in + (size_t)plan->slot_of[choice] * (size_t)size;
            float *to = y + (size_t)t * (size_t)size;
            for (int i = 0; i < size; i++)
                to[i] = weights ? fm_fmaf(weights[choice], from[i], to[i]) : to[i] + from[i];
        }
}

/* d_in[slot j] = w[t, j] dy[t];  d_w[t, j] = dy[t] . in[slot j] */
static void combine_backward(const fm_permute *plan, float *d_in, float *d_weights, const float *dy,
                             const float *in, const float *weights, int size, int row, int row_end) {
    for (int t = row; t < row_end; t++)
        for (int j = 0; j < plan->top_k; j++) {
            size_t choice = (size_t)t * (size_t)plan->top_k + (size_t)j;
            size_t slot = (size_t)plan->slot_of[choice] * (size_t)size;
            const float *d = dy + (size_t)t * (size_t)size;
            float lane[16] = {0};
            for (int i = 0; i < size; i++) lane[i % 16] = fm_fmaf(d[i], in[slot + (size_t)i], lane[i % 16]);
            d_weights[choice] = fm_lanes_sum(lane);
            for (int i = 0; i < size; i++) d_in[slot + (size_t)i] = weights[choice] * d[i];
        }
}

const fm_permute_kernels fm_permute_ref = {combine, combine_backward};
