/* linear_serial.h: what one instruction set provides to linear.c: one tile of some rows by some groups of 16 outputs. */
#ifndef FM_KERN_LINEAR_SERIAL_H
#define FM_KERN_LINEAR_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/linear/linear.h"

enum {
    FM_LINEAR_GROUP = 16,   /* outputs interleaved in the packed weight */
    FM_LINEAR_MAX_ROWS = 8, /* over all instruction sets */
};

typedef struct fm_linear_tile {
    int rows, groups;
    int k;         /* inputs in this block */
    const void *w; /* the first group, at the block's first input; 64-byte aligned for F32, 32 for BF16 */
    size_t group_stride; /* elements from group to group */
    fm_dtype dtype;      /* of w: F32 or BF16 */
    const float *x;      /* [rows, k], stride ldx */
    ptrdiff_t ldx;
    float *y; /* [rows, outputs], stride ldy */
    ptrdiff_t ldy;
    int outputs; /* to be written: 16 * groups, less at the weight's end */
    bool load;   /* continue the chains from y; else from 0 */
} fm_linear_tile;

typedef struct fm_linear_kernels {
    int rows; /* most rows of a tile */
    signed char
        groups[FM_LINEAR_MAX_ROWS + 1]; /* by rows: how many groups a tile has; 1 is always possible too */
    void (*tile)(const fm_linear_tile *t);
} fm_linear_kernels;

extern const fm_linear_kernels fm_linear_ref;
extern const fm_linear_kernels fm_linear_avx2;
extern const fm_linear_kernels fm_linear_avx512;

#endif
