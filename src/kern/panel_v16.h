/* panel_v16.h: a small matrix product on registers: C[r][0..columns) (+)= sum over k of a(r, k)
 * B[k][0..columns).
 *
 * a(r, k) stands at a + r * a_row + k * a_step, so that one routine serves rows, columns and transposes
 * without packing. Each C is one chain of fma in ascending k, from 0 or from the old C. FM_V16_ROWS rows x 16
 * columns stay in registers.
 */
#ifndef FM_KERN_PANEL_V16_H
#define FM_KERN_PANEL_V16_H

#include <stdbool.h>

#include "kern/v16.h"

typedef struct fm_panel {
    const float *a;
    ptrdiff_t a_row, a_step;
    const float *b;
    ptrdiff_t ldb;
    float *c;
    ptrdiff_t ldc;
    bool load; /* continue from C */
} fm_panel;

/* `rows` is a constant at every call, so that the accumulators become registers. n: columns, 16 or (part)
 * fewer. */
FM_V16_INLINE void fm_panel_tile(int rows, const fm_panel *p, int row, int column, int k, int n) {
    fm_v16 acc[FM_V16_ROWS];
    const float *a = p->a + row * p->a_row, *b = p->b + column;
    float *c = p->c + row * p->ldc + column;
    ptrdiff_t a_row = p->a_row, a_step = p->a_step, ldb = p->ldb, ldc = p->ldc;
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) acc[r] = p->load ? fm_v16_load_part(c + r * ldc, n) : fm_v16_zero();
    for (int i = 0; i < k; i++, a += a_step, b += ldb) {
        fm_v16 x = fm_v16_load_part(b, n);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) acc[r] = fm_v16_fma(fm_v16_set1(a[r * a_row]), x, acc[r]);
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) fm_v16_store_part(c + r * ldc, acc[r], n);
}

FM_V16_INLINE void fm_panel_columns(int rows, const fm_panel *p, int row, int columns, int k) {
    int column = 0;
    for (; column + 16 <= columns; column += 16) fm_panel_tile(rows, p, row, column, k, 16);
    if (column < columns) fm_panel_tile(rows, p, row, column, k, (columns - column) & 15);
}

FM_V16_INLINE void fm_panel_run(const fm_panel *p, int rows, int columns, int k) {
    int row = 0;
    for (; row + FM_V16_ROWS <= rows; row += FM_V16_ROWS) fm_panel_columns(FM_V16_ROWS, p, row, columns, k);
    for (; row + 4 <= rows; row += 4) fm_panel_columns(4, p, row, columns, k);
    for (; row < rows; row++) fm_panel_columns(1, p, row, columns, k);
}

#endif
