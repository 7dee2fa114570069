/* linear.h: y = x W^T with a weight packed once, for inference: decode (one row) and prefill (many).
 *
 * Rows of W are interleaved by 16, so that a SIMD lane is an output: packed[n/16][k][16], the last group padded with
 * zeros. Each y is one chain, c = fma(x[k], w[k], c) from k = 0: the bits of gemm.h's F32 path, whatever the number of
 * rows, threads or instruction set. BF16 weights are widened exactly to f32; x and y stay f32.
 *
 * Where it stands: every projection of the token's path. Refuses (at packing): dtypes other than F32, BF16.
 */
#ifndef FM_KERN_LINEAR_H
#define FM_KERN_LINEAR_H

#include "kern/kern.h"
#include "tensor/dtype.h"

typedef struct fm_linear {
    int n, k;           /* outputs, inputs */
    fm_dtype dtype;     /* FM_F32 or FM_BF16, of the packed data */
    const void *packed; /* borrowed, 64-byte aligned, fm_linear_bytes() long */
} fm_linear;

/* Bytes of the packed form. */
size_t fm_linear_bytes(int n, int k, fm_dtype dtype);

/* Packs W [n, k] (row stride ldw elements, of type `from`: any float type) into `packed` (type `to`: F32 or BF16;
 * BF16 from F32 rounds). */
void fm_linear_pack(void *packed, fm_dtype to, const void *w, fm_dtype from, int n, int k, int ldw);

/* y [m, n] (stride ldy) = x [m, k] (stride ldx) W^T; overwrites y; no overlap. */
typedef struct fm_linear_job {
    const fm_linear *w;
    const float *x;
    int ldx, m;
    float *y;
    int ldy;
} fm_linear_job;

/* Independent jobs, their tiles spread over the threads together (experts, heads). */
void fm_linear_run(fm_dev *dev, const fm_linear_job *jobs, int count);

#endif
