/* gemm_ref.c: C = op(A) op(B) (+ C) as the equation says, and the portable micro-kernel of the scalar level.
 *
 * fm_gemm_ref is what every check compares with. fm_gemm_scalar is what runs where the processor has none of our
 * instruction sets (and under --isa scalar): the same chain per element, in panels that a compiler can keep in
 * registers on any machine. x86-64 without -mfma calls libm's fmaf, which is exact and slow.
 */
#include <string.h>

#include "base/fmath.h"
#include "kern/gemm/gemm_serial.h"

void fm_gemm_ref(const fm_gemm *g) {
    for (int i = 0; i < g->m; i++)
        for (int j = 0; j < g->n; j++) {
            float *c = g->c + (ptrdiff_t)i * g->ldc + j;
            float sum = g->accumulate ? *c : 0.0f;
            for (int p = 0; p < g->k; p++) {
                float a = g->transpose_a ? g->a[(ptrdiff_t)p * g->lda + i] : g->a[(ptrdiff_t)i * g->lda + p];
                float b = g->transpose_b ? g->b[(ptrdiff_t)j * g->ldb + p] : g->b[(ptrdiff_t)p * g->ldb + j];
                sum = fm_fmaf(a, b, sum);
            }
            *c = sum;
        }
}

enum { MR = 4, NR = 16 };

static void pack(float *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k,
                 int width) {
    for (int p = 0; p < k; p++, to += width) {
        for (int i = 0; i < count; i++) to[i] = from[i * stride + p * k_stride];
        for (int i = count; i < width; i++) to[i] = 0.0f;
    }
}

static void pack_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack(to, from, stride, k_stride, count, k, MR);
}

static void pack_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack(to, from, stride, k_stride, count, k, NR);
}

static void tile(int rows, int k, const void *packed_a, const void *packed_b, float *c, ptrdiff_t ldc,
                 bool load) {
    float sum[MR][NR] = {{0}};
    const float *a = packed_a, *b = packed_b;
    if (load)
        for (int i = 0; i < rows; i++) memcpy(sum[i], c + i * ldc, sizeof sum[i]);
    for (int p = 0; p < k; p++, a += MR, b += NR)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < NR; j++) sum[i][j] = fm_fmaf(a[i], b[j], sum[i][j]);
    for (int i = 0; i < rows; i++) memcpy(c + i * ldc, sum[i], sizeof sum[i]);
}

const fm_gemm_kernels fm_gemm_scalar = {.mr = MR,
                                        .nr = NR,
                                        .k_step = 1,
                                        .packed_bytes = sizeof(float),
                                        .pack_a = pack_a,
                                        .pack_b = pack_b,
                                        .tile = tile};
