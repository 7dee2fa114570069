/* rmsnorm_ref.c: RMSNorm in plain C, to be held against the equations (docs/MODEL.md, "RMSNorm").
 * On the token's path before every sublayer; on the gradient's path after it. Refuses nothing. */
#include "base/fmath.h"
#include "kern/lanes.h"
#include "kern/rmsnorm/rmsnorm_serial.h"

/* r = 1 / sqrt(mean(x^2) + eps);  y = (x r) w */
static void forward(const fm_rmsnorm *op, int row, int row_end) {
    for (int t = row; t < row_end; t++) {
        const float *x = op->x + (size_t)t * op->ldx;
        float *y = op->y + (size_t)t * op->ldy;
        float lane[16] = {0};
        for (int i = 0; i < op->size; i++) lane[i % 16] = fm_fmaf(x[i], x[i], lane[i % 16]);
        float r = fm_rsqrtf(fm_lanes_sum(lane) / (float)op->size + op->eps);
        if (op->r) op->r[t] = r;
        for (int i = 0; i < op->size; i++) y[i] = x[i] * r * op->w[i];
    }
}

/* dx = r (dy w - x r^2 mean(dy w x)) */
static void backward_x(const fm_rmsnorm_grad *op, int row, int row_end) {
    for (int t = row; t < row_end; t++) {
        const float *x = op->x + (size_t)t * op->ldx, *dy = op->dy + (size_t)t * op->lddy;
        float *dx = op->dx + (size_t)t * op->lddx;
        float lane[16] = {0}, r = op->r[t];
        for (int i = 0; i < op->size; i++) lane[i % 16] = fm_fmaf(dy[i] * op->w[i], x[i], lane[i % 16]);
        float along = r * r * (fm_lanes_sum(lane) / (float)op->size);
        for (int i = 0; i < op->size; i++) {
            float d = r * fm_fmaf(-along, x[i], dy[i] * op->w[i]);
            dx[i] = op->accumulate ? dx[i] + d : d;
        }
    }
}

/* dw += sum over rows of dy (x r), in row order */
static void backward_w(const fm_rmsnorm_grad *op, int column, int column_end) {
    for (int t = 0; t < op->rows; t++) {
        const float *x = op->x + (size_t)t * op->ldx, *dy = op->dy + (size_t)t * op->lddy;
        for (int i = column; i < column_end; i++) op->dw[i] = fm_fmaf(dy[i], x[i] * op->r[t], op->dw[i]);
    }
}

const fm_rmsnorm_kernels fm_rmsnorm_ref = {forward, backward_x, backward_w};
