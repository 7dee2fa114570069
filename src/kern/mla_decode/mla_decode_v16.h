/* mla_decode_v16.h: absorbed decode by sixteen: mla_decode_ref.c's operations in its order. Included by one
 * file per level. Heads share each cached row: two heads by two positions at a time in the scores,
 * FM_V16_ROWS heads in the mix. */
#include "kern/mla_decode/mla_decode_serial.h"
#include "kern/panel_v16.h"

/* Adds the products of `rows` queries and `columns` cached rows, lane by lane. Constants at every call. */
FM_V16_INLINE void dots(int heads, int positions, fm_v16 *acc, const float *q, ptrdiff_t ldq, const float *c,
                        ptrdiff_t ldc, int dim) {
    for (int d = 0; d < dim; d += 16) {
        int n = dim - d < 16 ? dim - d : 16;
        fm_v16 x[2], y[2];
#pragma GCC unroll 2
        for (int h = 0; h < heads; h++)
            x[h] = n == 16 ? fm_v16_load(q + h * ldq + d) : fm_v16_load_part(q + h * ldq + d, n);
#pragma GCC unroll 2
        for (int j = 0; j < positions; j++)
            y[j] = n == 16 ? fm_v16_load(c + j * ldc + d) : fm_v16_load_part(c + j * ldc + d, n);
#pragma GCC unroll 2
        for (int h = 0; h < heads; h++)
#pragma GCC unroll 2
            for (int j = 0; j < positions; j++) acc[h * 2 + j] = fm_v16_fma(x[h], y[j], acc[h * 2 + j]);
    }
}

FM_V16_INLINE void score_few(int heads, int positions, const fm_mla_decode *op, int h, int j,
                             size_t score_stride) {
    fm_v16 acc[4] = {fm_v16_zero(), fm_v16_zero(), fm_v16_zero(), fm_v16_zero()};
    const float *c = op->cache + (size_t)j * op->stride;
    dots(heads, positions, acc, op->q_latent + (size_t)h * op->latent, op->latent, c, op->stride, op->latent);
    dots(heads, positions, acc, op->q_rope + (size_t)h * op->rope, op->rope, c + op->latent, op->stride,
         op->rope);
    for (int r = 0; r < heads; r++)
        for (int i = 0; i < positions; i++)
            op->scores[(size_t)(h + r) * score_stride + (size_t)(j + i)] =
                op->scale * fm_v16_sum(acc[r * 2 + i]);
}

static void score(const fm_mla_decode *op, int begin, int end, size_t score_stride) {
    int j = begin;
    for (; j + 2 <= end; j += 2) {
        int h = 0;
        for (; h + 2 <= op->heads; h += 2) score_few(2, 2, op, h, j, score_stride);
        if (h < op->heads) score_few(1, 2, op, h, j, score_stride);
    }
    if (j < end)
        for (int h = 0; h < op->heads; h++) score_few(1, 1, op, h, j, score_stride);
}

static void softmax(float *scores, int length) {
    fm_v16 low = fm_v16_set1(-INFINITY), max = low, sum = fm_v16_zero();
    for (int j = 0; j < length; j += 16) {
        int n = length - j < 16 ? length - j : 16;
        max = fm_v16_max(fm_v16_first(n, fm_v16_load_part(scores + j, n), low), max);
    }
    max = fm_v16_set1(fm_v16_highest(max));
    for (int j = 0; j < length; j += 16) {
        int n = length - j < 16 ? length - j : 16;
        fm_v16 p = fm_v16_exp_nonpositive(fm_v16_sub(fm_v16_load_part(scores + j, n), max));
        fm_v16_store_part(scores + j, p, n);
        sum = fm_v16_add(sum, fm_v16_first(n, p, fm_v16_zero()));
    }
    sum = fm_v16_set1(fm_v16_sum(sum));
    for (int j = 0; j < length; j += 16) {
        int n = length - j < 16 ? length - j : 16;
        fm_v16_store_part(scores + j, fm_v16_div(fm_v16_load_part(scores + j, n), sum), n);
    }
}

static void mix(const fm_mla_decode *op, int begin, int end, size_t score_stride) {
    fm_panel p = {.a = op->scores,
                  .a_row = (ptrdiff_t)score_stride,
                  .a_step = 1,
                  .b = op->cache + begin,
                  .ldb = op->stride,
                  .c = op->out + begin,
                  .ldc = op->latent};
    fm_panel_run(&p, op->heads, end - begin, op->length);
}
