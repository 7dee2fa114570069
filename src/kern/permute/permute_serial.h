/* permute_serial.h: the serial kernels behind permute.h, one set per instruction set (kern_table.c chooses).
 */
#ifndef FM_KERN_PERMUTE_SERIAL_H
#define FM_KERN_PERMUTE_SERIAL_H

#include "kern/permute/permute.h"

typedef struct fm_permute_kernels {
    void (*combine)(const fm_permute *plan, float *y, const float *in, const float *weights, int size,
                    int row, int row_end);
    void (*combine_backward)(const fm_permute *plan, float *d_in, float *d_weights, const float *dy,
                             const float *in, const float *weights, int size, int row, int row_end);
} fm_permute_kernels;

extern const fm_permute_kernels fm_permute_ref, fm_permute_avx2, fm_permute_avx512;

#endif
