/* rope.h: rotary position embedding (Su et al. 2021) on part of each head, with YaRN's frequencies
 * (docs/MODEL.md).
 *
 * A table holds cos and sin for positions 0 .. positions-1 and size/2 frequencies, made with our own sine and
 * cosine in double, rounded once to f32, scaled by mscale(factor, mscale)/mscale(factor, mscale_all_dim).
 * Interleaved: pairs (2i, 2i+1), DeepSeek's order. Otherwise halves (i, i + size/2). The output keeps the
 * input's order.
 */
#ifndef FM_KERN_ROPE_H
#define FM_KERN_ROPE_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/kern.h"

typedef struct fm_rope_spec {
    int size; /* rotated dimensions, even */
    double theta;
    double factor; /* YaRN; 0 or 1: none */
    double beta_fast, beta_slow, mscale, mscale_all_dim;
    int original_positions;
} fm_rope_spec;

/* Fills table [positions, size/2, 2] (cos, sin) for positions first .. first + positions - 1. */
void fm_rope_table(float *table, const fm_rope_spec *spec, int first, int positions);

/* YaRN's factor on the softmax scale: (0.1 mscale_all_dim ln(factor) + 1)^2, or 1 without scaling. */
double fm_rope_softmax_factor(const fm_rope_spec *spec);

/* Rotates x in place: row t, head h begins at x + t * row_stride + h * head_stride and holds `size` numbers;
 * its position is positions[t], below the table's length. `inverse` rotates back: the backward of the
 * rotation. */
typedef struct fm_rope {
    int rows, heads, size;
    float *x;
    int row_stride, head_stride;
    const int32_t *positions; /* [rows] */
    const float *table;
    bool interleaved, inverse;
} fm_rope;

void fm_rope_apply(fm_dev *dev, const fm_rope *op);

#endif
