/* swiglu_ref.c: SwiGLU in plain C (docs/MODEL.md, "Feed-forward"). Between the two products of a feed-forward
 * block, on the token's path and back. Refuses nothing. */
#include <stddef.h>

#include "base/fmath.h"
#include "kern/swiglu/swiglu_serial.h"

/* h = silu(g) u */
static void forward(float *h, const float *gu, int row, int row_end, int size) {
    for (int t = row; t < row_end; t++) {
        const float *g = gu + (size_t)t * 2 * (size_t)size, *u = g + size;
        for (int i = 0; i < size; i++) h[(size_t)t * (size_t)size + (size_t)i] = fm_siluf(g[i]) * u[i];
    }
}

/* silu'(g) = s (1 + g (1 - s)), s = sigmoid(g);  dg = dh u silu'(g);  du = dh silu(g) */
static void backward(float *d_gu, const float *dh, const float *gu, float *h_again, int row, int row_end,
                     int size) {
    for (int t = row; t < row_end; t++) {
        const float *g = gu + (size_t)t * 2 * (size_t)size, *u = g + size;
        float *dg = d_gu + (size_t)t * 2 * (size_t)size, *du = dg + size;
        for (int i = 0; i < size; i++) {
            size_t at = (size_t)t * (size_t)size + (size_t)i;
            float gate = g[i], up = u[i], d = dh[at]; /* read before d_gu, which may be gu, is written */
            float s = fm_sigmoidf(gate), silu = fm_siluf(gate);
            dg[i] = d * up * (s * fm_fmaf(gate, 1.0f - s, 1.0f));
            du[i] = d * silu;
            if (h_again) h_again[at] = silu * up;
        }
    }
}

const fm_swiglu_kernels fm_swiglu_ref = {forward, backward};
