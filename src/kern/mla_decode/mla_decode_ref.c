/* mla_decode_ref.c: one query row against the latent cache, in plain C (docs/MODEL.md, "Absorbed decode"). On
 * the token's path only: training uses attention.h. Refuses nothing. */
#include "base/fmath.h"
#include "kern/lanes.h"
#include "kern/mla_decode/mla_decode_serial.h"

/* s_j = scale (q_latent . c_j + q_rope . kr_j): both products in the same 16 lanes, each by its own index mod
 * 16 */
static void score(const fm_mla_decode *op, int begin, int end, size_t score_stride) {
    for (int h = 0; h < op->heads; h++)
        for (int j = begin; j < end; j++) {
            const float *c = op->cache + (size_t)j * op->stride, *kr = c + op->latent;
            const float *q = op->q_latent + (size_t)h * op->latent, *qr = op->q_rope + (size_t)h * op->rope;
            float lane[16] = {0};
            for (int d = 0; d < op->latent; d++) lane[d % 16] = fm_fmaf(q[d], c[d], lane[d % 16]);
            for (int d = 0; d < op->rope; d++) lane[d % 16] = fm_fmaf(qr[d], kr[d], lane[d % 16]);
            op->scores[(size_t)h * score_stride + (size_t)j] = op->scale * fm_lanes_sum(lane);
        }
}

/* p_j = e^(s_j - max) / sum, the sum in 16 lanes by position mod 16 */
static void softmax(float *scores, int length) {
    float max = -INFINITY, lane[16] = {0};
    for (int j = 0; j < length; j++) max = scores[j] > max ? scores[j] : max;
    for (int j = 0; j < length; j++) {
        scores[j] = fm_expf(scores[j] - max);
        lane[j % 16] += scores[j];
    }
    float sum = fm_lanes_sum(lane);
    for (int j = 0; j < length; j++) scores[j] /= sum;
}

/* out = sum_j p_j c_j, one chain in the order of positions */
static void mix(const fm_mla_decode *op, int begin, int end, size_t score_stride) {
    for (int h = 0; h < op->heads; h++)
        for (int d = begin; d < end; d++) {
            float sum = 0;
            for (int j = 0; j < op->length; j++)
                sum = fm_fmaf(op->scores[(size_t)h * score_stride + (size_t)j],
                              op->cache[(size_t)j * op->stride + (size_t)d], sum);
            op->out[(size_t)h * op->latent + (size_t)d] = sum;
        }
}

const fm_mla_decode_kernels fm_mla_decode_ref = {score, softmax, mix};
