/* swiglu_serial.h: the serial kernels behind swiglu.h, one set per instruction set (kern_table.c chooses). */
#ifndef FM_KERN_SWIGLU_SERIAL_H
#define FM_KERN_SWIGLU_SERIAL_H

#include "kern/swiglu/swiglu.h"

typedef struct fm_swiglu_kernels {
    void (*forward)(float *h, const float *gu, int row, int row_end, int size);
    void (*backward)(float *d_gu, const float *dh, const float *gu, float *h_again, int row, int row_end,
                     int size);
} fm_swiglu_kernels;

extern const fm_swiglu_kernels fm_swiglu_ref, fm_swiglu_avx2, fm_swiglu_avx512;

#endif
