/* xent.h: cross-entropy fused with the head: loss and gradients of logits = x W^T without holding [T, vocab].
 *
 * Works in blocks of rows: a block's logits live in workspace, become the softmax and then d_logits in place.
 * Per row: loss = logsumexp(logits) - logits[target] (maximum first, then sum of our exp in 16 lanes); rows
 * with target < 0 are skipped. The loss is summed in double in row order. d_logits = scale (softmax -
 * onehot).
 */
#ifndef FM_KERN_XENT_H
#define FM_KERN_XENT_H

#include <stdint.h>

#include "kern/gemm/gemm.h"

typedef struct fm_xent {
    int rows, size, vocab;
    const float *x;         /* [rows, size], tight */
    const float *w;         /* [vocab, size] */
    const int32_t *targets; /* [rows]; -1: no target */
    float scale; /* of the gradients: 1 / number of target tokens of the whole step, times lambda for MTP */
    float *dx;   /* [rows, size] overwritten (0 for skipped rows), or NULL: loss only */
    float *dw;   /* [vocab, size] added to, or NULL */
    float *row_loss;  /* [rows] nats (0 for skipped rows), or NULL */
    float *workspace; /* block_rows * vocab floats */
    int block_rows;   /* >= 1; 128 is good */
    fm_precision precision;
} fm_xent;

/* Returns the sum of the losses (unscaled, nats) over rows with a target. */
double fm_xent_run(fm_dev *dev, const fm_xent *op);

#endif
