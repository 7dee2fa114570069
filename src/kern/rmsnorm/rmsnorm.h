/* rmsnorm.h: y = x * r * w, r = 1/sqrt(mean(x^2) + eps) (Zhang & Sennrich 2019; docs/MODEL.md).
 *
 * Where it stands: before attention, feed-forward and head, and on MLA's compressed q and kv. Refuses bias.
 * x, y [T, H] with row strides in elements; w [H]; r [T] kept for backward, or NULL. y may be x, no other
 * overlap. Any alignment, H >= 1, T = 0 does nothing. Squares are summed in 16 lanes by index mod 16 (fma),
 * the lanes in the written tree (l + 8, + 4, + 2, + 1). A NaN or infinity spoils only its row.
 */
#ifndef FM_KERN_RMSNORM_H
#define FM_KERN_RMSNORM_H

#include <stdbool.h>

#include "kern/kern.h"

typedef struct fm_rmsnorm {
    int rows, size; /* T, H */
    float eps;
    const float *x;
    int ldx;
    const float *w;
    float *y;
    int ldy;
    float *r; /* [T] or NULL */
} fm_rmsnorm;

void fm_rmsnorm_forward(fm_dev *dev, const fm_rmsnorm *op);

/* dx = r (dy w - x r^2 mean(dy w x)): overwrites dx, or adds to it when `accumulate`; dw [H] is added to, in
 * row order (threads split columns). Reads x, w, r of the forward. dx may be dy when not accumulating. */
typedef struct fm_rmsnorm_grad {
    int rows, size;
    const float *x;
    int ldx;
    const float *w, *r;
    const float *dy;
    int lddy;
    float *dx;
    int lddx;
    bool accumulate;
    float *dw; /* [H] or NULL */
} fm_rmsnorm_grad;

void fm_rmsnorm_backward(fm_dev *dev, const fm_rmsnorm_grad *op);

#endif
