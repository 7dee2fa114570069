/* embed.h: rows of the embedding table, and their gradient. Ids were checked against the vocabulary by the
 * caller. */
#ifndef FM_KERN_EMBED_H
#define FM_KERN_EMBED_H

#include <stddef.h>
#include <stdint.h>

#include "kern/kern.h"

/* out [rows, size] = table[ids[t]]. */
void fm_embed_forward(fm_dev *dev, float *out, const float *table, const int32_t *ids, int rows, int size);

/* d_table[ids[t]] += d_out[t], in row order (threads split columns). */
void fm_embed_backward(fm_dev *dev, float *d_table, const float *d_out, const int32_t *ids, int rows,
                       int size);

/* y += x, n elements: the residual stream and its gradient. */
void fm_add_to(fm_dev *dev, float *y, const float *x, size_t n);

#endif
