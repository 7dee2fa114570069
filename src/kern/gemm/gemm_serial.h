/* gemm_serial.h: what one instruction set provides to gemm.c: packing and one micro-kernel.
 *
 * gemm.c cuts C into tiles of mr x nr, has the operands packed into panels, and calls `tile` once per tile and
 * k-block. A panel of A holds mr rows, a panel of B holds nr columns, both in the order in which `tile` reads
 * them; only the same file's pack_a, pack_b and tile need to agree on the layout. Missing rows, columns and the
 * k past the end up to a multiple of k_step are zeros.
 *
 * The F32 sets must follow gemm.h's order exactly; the bf16 ones follow their instruction and state it.
 */
#ifndef FM_KERN_GEMM_SERIAL_H
#define FM_KERN_GEMM_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/gemm/gemm.h"

enum {
    FM_GEMM_MAX_MR = 32, /* over all instruction sets: the edge buffer's size */
    FM_GEMM_MAX_NR = 32,
};

typedef struct fm_gemm_kernels {
    int mr, nr;       /* rows and columns of C in one micro-tile */
    int k_step;       /* packed k is a multiple of this: 1 (f32), 2 (pairs), 32 (AMX) */
    int packed_bytes; /* per packed element: 4 (f32) or 2 (bf16) */

    /* One panel: element (i, p) of the source stands at from[i * stride + p * k_stride]; one of the strides is 1.
     * `count` of mr (nr) rows (columns) exist. `to` is 64-byte aligned. */
    void (*pack_a)(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k);
    void (*pack_b)(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k);

    /* c[0..rows)[0..nr) (+)= a-panel b-panel; `load` continues from the values in c, else from 0. 1 <= rows <= mr,
     * rows past `rows` are not touched; all nr columns are written. k is a multiple of k_step. */
    void (*tile)(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc, bool load);

    /* Called by each thread before its first and after its last `tile`; NULL where nothing is needed. AMX loads and
     * releases the tile configuration here. */
    void (*begin)(void);
    void (*end)(void);
} fm_gemm_kernels;

extern const fm_gemm_kernels fm_gemm_scalar;
extern const fm_gemm_kernels fm_gemm_avx2;
extern const fm_gemm_kernels fm_gemm_avx512;
extern const fm_gemm_kernels fm_gemm_avx512bf16;
extern const fm_gemm_kernels fm_gemm_amx;

/* The reference: one whole product in the canonical order, as three plain loops. Checks compare with it. */
void fm_gemm_ref(const fm_gemm *g);

#endif
