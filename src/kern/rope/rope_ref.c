/* rope_ref.c: the rotation of pairs in plain C (docs/MODEL.md, "Positions"). On the token's path between the
 * q and k projections and attention; `inverse` is its backward. Refuses nothing. */
#include "base/fmath.h"
#include "kern/rope/rope_serial.h"

/* (a, b) -> (a cos - b sin, b cos + a sin); the inverse has -sin. */
static void apply(const fm_rope *op, int row, int row_end) {
    int half = op->size / 2;
    for (int t = row; t < row_end; t++) {
        const float *table = op->table + (size_t)op->positions[t] * (size_t)op->size;
        for (int h = 0; h < op->heads; h++) {
            float *x = op->x + (size_t)t * op->row_stride + (size_t)h * op->head_stride;
            for (int i = 0; i < half; i++) {
                float c = table[2 * i], s = op->inverse ? -table[2 * i + 1] : table[2 * i + 1];
                float *pa = op->interleaved ? x + 2 * i : x + i, *pb = op->interleaved ? pa + 1 : pa + half;
                float a = *pa, b = *pb;
                *pa = fm_fmaf(-b, s, a * c);
                *pb = fm_fmaf(a, s, b * c);
            }
        }
    }
}

const fm_rope_kernels fm_rope_ref = {apply};
