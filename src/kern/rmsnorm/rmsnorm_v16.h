/* rmsnorm_v16.h: RMSNorm by sixteen: rmsnorm_ref.c's operations in its order. Included by one file per level.
 */
#include "kern/rmsnorm/rmsnorm_serial.h"
#include "kern/v16.h"

static void forward(const fm_rmsnorm *op, int row, int row_end) {
    int whole = op->size & ~15, rest = op->size & 15;
    for (int t = row; t < row_end; t++) {
        const float *x = op->x + (size_t)t * op->ldx;
        float *y = op->y + (size_t)t * op->ldy;
        fm_v16 sum = fm_v16_zero();
        for (int i = 0; i < whole; i += 16) {
            fm_v16 a = fm_v16_load(x + i);
            sum = fm_v16_fma(a, a, sum);
        }
        fm_v16 last = fm_v16_load_part(x + whole, rest);
        float r = fm_rsqrtf(fm_v16_sum(fm_v16_fma(last, last, sum)) / (float)op->size + op->eps);
        fm_v16 scale = fm_v16_set1(r);
        if (op->r) op->r[t] = r;
        for (int i = 0; i < whole; i += 16)
            fm_v16_store(y + i, fm_v16_mul(fm_v16_mul(fm_v16_load(x + i), scale), fm_v16_load(op->w + i)));
        fm_v16_store_part(y + whole,
                          fm_v16_mul(fm_v16_mul(last, scale), fm_v16_load_part(op->w + whole, rest)), rest);
    }
}

static void backward_x(const fm_rmsnorm_grad *op, int row, int row_end) {
    int whole = op->size & ~15, rest = op->size & 15;
    for (int t = row; t < row_end; t++) {
        const float *x = op->x + (size_t)t * op->ldx, *dy = op->dy + (size_t)t * op->lddy;
        float *dx = op->dx + (size_t)t * op->lddx, r = op->r[t];
        fm_v16 sum = fm_v16_zero();
        for (int i = 0; i < whole; i += 16)
            sum =
                fm_v16_fma(fm_v16_mul(fm_v16_load(dy + i), fm_v16_load(op->w + i)), fm_v16_load(x + i), sum);
        fm_v16 last_x = fm_v16_load_part(x + whole, rest);
        fm_v16 last_d = fm_v16_mul(fm_v16_load_part(dy + whole, rest), fm_v16_load_part(op->w + whole, rest));
        sum = fm_v16_fma(last_d, last_x, sum);
        fm_v16 along = fm_v16_set1(-(r * r * (fm_v16_sum(sum) / (float)op->size))), scale = fm_v16_set1(r);
        for (int i = 0; i < whole; i += 16) {
            fm_v16 d = fm_v16_mul(fm_v16_load(dy + i), fm_v16_load(op->w + i));
            d = fm_v16_mul(scale, fm_v16_fma(along, fm_v16_load(x + i), d));
            fm_v16_store(dx + i, op->accumulate ? fm_v16_add(fm_v16_load(dx + i), d) : d);
        }
        fm_v16 d = fm_v16_mul(scale, fm_v16_fma(along, last_x, last_d));
        fm_v16_store_part(dx + whole, op->accumulate ? fm_v16_add(fm_v16_load_part(dx + whole, rest), d) : d,
                          rest);
    }
}

static void backward_w(const fm_rmsnorm_grad *op, int column, int column_end) {
    int whole = column + ((column_end - column) & ~15), rest = column_end - whole;
    for (int t = 0; t < op->rows; t++) {
        const float *x = op->x + (size_t)t * op->ldx, *dy = op->dy + (size_t)t * op->lddy;
        fm_v16 r = fm_v16_set1(op->r[t]);
        for (int i = column; i < whole; i += 16)
            fm_v16_store(op->dw + i, fm_v16_fma(fm_v16_load(dy + i), fm_v16_mul(fm_v16_load(x + i), r),
                                                fm_v16_load(op->dw + i)));
        if (rest)
            fm_v16_store_part(op->dw + whole,
                              fm_v16_fma(fm_v16_load_part(dy + whole, rest),
                                         fm_v16_mul(fm_v16_load_part(x + whole, rest), r),
                                         fm_v16_load_part(op->dw + whole, rest)),
                              rest);
    }
}
