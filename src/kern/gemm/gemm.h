/* gemm.h: C = op(A) op(B) (+ C), f32 in and out: the arithmetic of every projection in training, forward and
 * backward. (docs/MODEL.md, "Matrix products")
 *
 * Canonical order (FM_PRECISION_F32): each C[i][j] is one chain, c = fma(A[i][k], B[k][j], c) for k = 0, 1, ... K-1,
 * starting from 0 or, accumulating, from the old C[i][j]. Blocking over k stores and reloads c, which changes no
 * bit. So scalar, AVX2 and AVX-512 agree with ==, threads split C and never k, and two accumulated micro-batches
 * give the bits of one.
 * FM_PRECISION_BF16: A and B are rounded to bf16 (nearest even), products are summed in f32 in the order of the
 * instruction (vdpbf16ps pairs, AMX); where the machine has neither, the F32 path runs on the unrounded values.
 *
 * C must not overlap A or B. Any alignment, any size >= 0 (k = 0 clears C or leaves it). NaN and infinity follow
 * IEEE arithmetic and spoil only their row or column. Cannot fail, does not allocate: packs into dev's scratch.
 */
#ifndef FM_KERN_GEMM_H
#define FM_KERN_GEMM_H

#include <stdbool.h>

#include "kern/kern.h"

typedef enum fm_precision { FM_PRECISION_F32, FM_PRECISION_BF16 } fm_precision;

/* One product. Strides in elements between rows as stored. */
typedef struct fm_gemm {
    int m, n, k;
    const float *a; /* op(A) is [m, k]; stored [m, k], or [k, m] when transpose_a */
    int lda;
    bool transpose_a;
    const float *b; /* op(B) is [k, n]; stored [k, n], or [n, k] when transpose_b (a weight [out, in]) */
    int ldb;
    bool transpose_b;
    float *c; /* [m, n] */
    int ldc;
    bool accumulate; /* add to C instead of overwriting it */
} fm_gemm;

/* Runs all products of the list (independent of each other: no C overlaps any other operand), spreading their tiles
 * over the threads together, so that many small products (experts, heads) fill the machine as one large one. */
void fm_gemm_run(fm_dev *dev, const fm_gemm *list, int count, fm_precision precision);

/* Shorthands for one product, all tightly packed rows, in the three forms that training needs:
 * Y[m,n] = X[m,k] W[n,k]^T;  dX[m,k] = dY[m,n] W[n,k];  dW[n,k] += dY[m,n]^T X[m,k]. */
void fm_gemm_forward(fm_dev *dev, float *y, const float *x, const float *w, int m, int n, int k,
                     fm_precision p);
void fm_gemm_backward_x(fm_dev *dev, float *dx, const float *dy, const float *w, int m, int n, int k,
                        bool accumulate, fm_precision p);
void fm_gemm_backward_w(fm_dev *dev, float *dw, const float *dy, const float *x, int m, int n, int k,
                        fm_precision p);

#endif
