/* adamw.h: AdamW (Loshchilov & Hutter 2019), decoupled decay, on f32 master weights.
 *
 * g' = g * grad_scale; m = b1 m + (1-b1) g'; v = b2 v + (1-b2) g'^2; w -= lr (m/(1-b1^t) / (sqrt(v/(1-b2^t))
 * + eps) + decay w). Order of operations as torch's AdamW: w *= 1 - lr decay first, then the step.
 * Element-wise.
 */
#ifndef FM_KERN_ADAMW_H
#define FM_KERN_ADAMW_H

#include <stddef.h>
#include <stdint.h>

#include "kern/kern.h"

typedef struct fm_adamw {
    float lr, beta1, beta2, eps, decay;
    float grad_scale; /* the clip factor; 1: none */
    int64_t step;     /* t, from 1 */
} fm_adamw;

void fm_adamw_update(fm_dev *dev, const fm_adamw *op, float *w, float *m, float *v, const float *g, size_t n);

/* Sum of squares: blocks of 4,096 elements, each summed in 16 double lanes and a tree, blocks added in order:
 * the same for any number of threads. NaN or infinity shows in the result. */
double fm_sum_squares(fm_dev *dev, const float *g, size_t n);

#endif
