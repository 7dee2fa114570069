/* linear_serial.h: what one instruction set provides to linear.c: some groups of 16 outputs for some rows of x. */
#ifndef FM_KERN_LINEAR_SERIAL_H
#define FM_KERN_LINEAR_SERIAL_H

#include "kern/linear/linear.h"

enum { FM_LINEAR_GROUP = 16 }; /* outputs interleaved in the packed weight */

typedef struct fm_linear_kernels {
    /* Outputs 16 * first .. 16 * (first + groups) of every row of the job, those past w->n left out. */
    void (*run)(const fm_linear_job *job, int first, int groups);
} fm_linear_kernels;

extern const fm_linear_kernels fm_linear_ref;
extern const fm_linear_kernels fm_linear_avx2;
extern const fm_linear_kernels fm_linear_avx512;

#endif
