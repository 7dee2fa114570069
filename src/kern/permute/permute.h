/* permute.h: rows to experts and back: the data movement of a mixture-of-experts layer.
 *
 * The plan sorts the rows x top_k choices by expert, stable by row: expert e owns slots begin[e] ..
 * begin[e+1]-1; slot s holds row source[s]; slot_of[row, j] is the way back. No token is dropped.
 */
#ifndef FM_KERN_PERMUTE_H
#define FM_KERN_PERMUTE_H

#include <stdint.h>

#include "kern/kern.h"

typedef struct fm_permute {
    int rows, top_k, experts;
    int32_t *begin;   /* [experts + 1] */
    int32_t *source;  /* [rows * top_k] */
    int32_t *slot_of; /* [rows, top_k] */
} fm_permute;

/* Fills the plan from chosen [rows, top_k]; arrays are the caller's. */
void fm_permute_plan(const fm_permute *plan, const int32_t *chosen);

/* out [rows * top_k, size]: out[s] = x[source[s]]. */
void fm_permute_gather(fm_dev *dev, const fm_permute *plan, float *out, const float *x, int size);

/* y[t] += sum over j = 0..top_k-1, in this order, of weights[t, j] * in[slot_of[t, j]] (fma); weights NULL:
 * plain sum. */
void fm_permute_combine(fm_dev *dev, const fm_permute *plan, float *y, const float *in, const float *weights,
                        int size);

/* Backward of combine: d_in[slot] = weights[t, j] * dy[t] (overwrites), d_weights[t, j] = dy[t] . in[slot]
 * (16 lanes). */
void fm_permute_combine_backward(fm_dev *dev, const fm_permute *plan, float *d_in, float *d_weights,
                                 const float *dy, const float *in, const float *weights, int size);

#endif
