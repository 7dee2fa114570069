/* swiglu.h: h = silu(g) * u (Shazeer 2020), the gate of every feed-forward and expert.
 * gu [T, 2I]: gate in columns 0..I-1, up in I..2I-1 (one product with the stacked weight). h [T, I].
 * silu(g) = g / (1 + e^-g) with our own exp. Element-wise: no order to speak of. */
#ifndef FM_KERN_SWIGLU_H
#define FM_KERN_SWIGLU_H

#include "kern/kern.h"

void fm_swiglu_forward(fm_dev *dev, float *h, const float *gu, int rows, int size);

/* d_gu (overwrites; may be gu itself) from dh and the forward's gu. `h_again`, if not NULL, receives h
 * recomputed, so that the forward need not keep it. */
void fm_swiglu_backward(fm_dev *dev, float *d_gu, const float *dh, const float *gu, float *h_again, int rows,
                        int size);

#endif
